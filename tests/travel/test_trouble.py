"""In trouble abroad: the page that must always be there."""

import datetime
import os
import subprocess
import sys

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.conf import settings
from django.urls import reverse

from portal.directory.models import Contact
from tests.people import sign_in
from travel import pack

DESK, OFFICER = "tel:+448009175148", "tel:+442033345577"
IN_HOURS = datetime.datetime(2027, 3, 3, 10, 0, tzinfo=datetime.UTC)
AT_NIGHT = datetime.datetime(2027, 3, 3, 22, 0, tzinfo=datetime.UTC)
BANK_HOLIDAY = datetime.datetime(2026, 12, 25, 10, 0, tzinfo=datetime.UTC)


def numbers(html: bytes | str) -> list[str]:
    page = BeautifulSoup(html, "html.parser")
    return [link["href"] for link in page.select("main a[href^=tel]")]


@pytest.mark.django_db
def test_a_stranger_reads_it_and_gets_no_cookie(client):
    response = client.get(reverse("travel:trouble"))

    assert response.status_code == 200
    assert numbers(response.content)[:2] == [DESK, OFFICER]
    assert not response.cookies
    assert "Nothing that you carry" in response.text


@pytest.mark.django_db
def test_it_is_the_same_page_for_somebody_signed_in(client, cast):
    stranger = BeautifulSoup(client.get(reverse("travel:trouble")).content, "html.parser").main

    sign_in(client, cast.traveller)

    assert BeautifulSoup(client.get(reverse("travel:trouble")).content, "html.parser").main == stranger


@pytest.mark.django_db
def test_somebody_without_a_second_factor_reads_it_too(client, cast):
    client.force_login(cast.traveller, backend=settings.AUTHENTICATION_BACKENDS[0])

    response = client.get(reverse("travel:trouble"))

    assert response.status_code == 200
    assert numbers(response.content)[:2] == [DESK, OFFICER]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("moment", "said"),
    [(IN_HOURS, "Offices are open"), (AT_NIGHT, "Offices are closed"), (BANK_HOLIDAY, "Offices are closed")],
)
def test_both_numbers_are_there_at_any_hour(client, moment, said):
    with time_machine.travel(moment, tick=False):
        response = client.get(reverse("travel:trouble"))

    assert said in response.text
    assert numbers(response.content)[:2] == [DESK, OFFICER]


@pytest.mark.django_db
def test_a_corrected_number_is_shown(client):
    Contact.objects.filter(key="duty-security-officer").update(phone_from_abroad="+44 20 7946 0001")

    response = client.get(reverse("travel:trouble"))

    assert "tel:+442079460001" in numbers(response.content)
    assert OFFICER not in numbers(response.content)


@pytest.mark.django_db
def test_every_number_says_which_country_it_is_in(client):
    found = numbers(client.get(reverse("travel:trouble")).content)

    assert len(found) >= 4
    assert all(number.startswith("tel:+44") for number in found)


@pytest.mark.django_db
def test_what_to_do_is_in_order_and_can_be_jumped_to(client):
    page = BeautifulSoup(client.get(reverse("travel:trouble")).content, "html.parser")

    for problem in pack.PROBLEMS:
        heading = page.select_one(f"h3#{problem.key}")
        assert page.select_one(f'a[href="#{problem.key}"]').text == problem.title
        assert [step.text for step in heading.find_next("ol").select("li")] == list(problem.steps)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "words",
    [
        "Ring the Service Desk now",
        "whether it is lost or stolen",
        "it counts as compromised, even if",
        "whether or not MoJ equipment is involved",
        "Outside UK office hours, ring the Duty Security Officer",
        "They will cut it off",
        "may still make calls",
        "Do not use equipment for work again",
    ],
)
def test_the_page_for_trouble_says_what_the_policy_asks(client, words):
    assert words in client.get(reverse("travel:trouble")).text


@pytest.mark.django_db
def test_it_asks_the_database_once(client, django_assert_max_num_queries):
    with django_assert_max_num_queries(1):
        client.get(reverse("travel:trouble"))


# Without a database -------------------------------------------------------------------------------------------------

ASK = """
import django
django.setup()
from django.test import Client
from django.conf import settings
from django.urls import reverse
settings.ALLOWED_HOSTS = ["testserver"]
client = Client(raise_request_exception=False)
client.cookies.load({cookies!r})
for path in (reverse("travel:trouble"), reverse("home:index"), "/healthz/", "/readyz/"):
    answer = client.get(path)
    print("ANSWER", path, answer.status_code, answer.headers.get("Retry-After", "-"))
    if path == reverse("travel:trouble"):
        print(answer.text)
"""


def ask_without_database(**cookies: str) -> str:
    """Ask a portal whose PostgreSQL refuses connections, in a process of its own, and return what it said."""
    done = subprocess.run(
        [sys.executable, "-c", ASK.format(cookies=cookies)],
        cwd=settings.BASE_DIR,
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "DATABASE_URL": "postgres://nobody@127.0.0.1:9/nothing",
            "LOG_LEVEL": "CRITICAL",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("cookies", [{}, {"session": "a" * 32}], ids=["a stranger", "somebody who had signed in"])
def test_without_a_database_it_still_gives_the_numbers(cookies):
    said = ask_without_database(**cookies)

    assert f"ANSWER {reverse('travel:trouble')} 200 -" in said
    assert numbers(said)[:2] == [DESK, OFFICER]


@pytest.mark.slow
def test_without_a_database_other_pages_ask_to_come_back_soon():
    assert f"ANSWER {reverse('home:index')} 503 30" in ask_without_database(session="a" * 32)


@pytest.mark.slow
def test_without_a_database_the_process_is_healthy_but_not_ready():
    said = ask_without_database()

    assert "ANSWER /healthz/ 200 -" in said
    assert "ANSWER /readyz/ 503 -" in said
