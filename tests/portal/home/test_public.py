"""What strangers may read, and what machines ask."""

import pytest
from bs4 import BeautifulSoup
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.urls import reverse

from portal.directory.models import Contact
from portal.home import public
from tests.people import sign_in

pytestmark = pytest.mark.django_db
PAGES = ("home:accessibility", "home:privacy", "home:cookies", "home:suppliers")


@pytest.mark.parametrize("name", PAGES)
def test_strangers_read_it_without_a_cookie(client, name):
    response = client.get(reverse(name))

    assert response.status_code == 200
    assert not response.cookies
    assert len(BeautifulSoup(response.content, "html.parser").select("h1")) == 1


@pytest.mark.parametrize("name", PAGES)
def test_people_with_half_a_sign_in_read_it_too(client, cast, name):
    client.force_login(cast.traveller, backend=settings.AUTHENTICATION_BACKENDS[0])

    assert client.get(reverse(name)).status_code == 200


@pytest.mark.parametrize("name", [*PAGES, "travel:trouble"])
def test_the_foot_of_every_page_leads_there(client, name):
    page = BeautifulSoup(client.get(reverse("home:suppliers")).content, "html.parser")

    assert reverse(name) in [link["href"] for link in page.select("footer a")]


def test_the_page_of_cookies_names_the_cookies_that_are_set(client, cast):
    client.get(reverse("account_login"))
    sign_in(client, cast.traveller)

    page = BeautifulSoup(client.get(reverse("home:cookies")).content, "html.parser")

    assert [cell.text for cell in page.select("tbody th")] == sorted(client.cookies, reverse=True)


def test_a_team_is_named_with_how_to_reach_it_as_the_directory_has_it(client):
    Contact.objects.filter(key="service-desk").update(email="desk@example.justice.test")

    page = BeautifulSoup(client.get(reverse("home:accessibility")).content, "html.parser")

    assert page.select_one("main a[href^='mailto']").text == "desk@example.justice.test"
    assert page.select_one("main a[href^='tel']").text == "+44 800 917 5148"


def test_the_process_is_healthy_without_asking_the_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get(reverse("home:healthz"))

    assert (response.status_code, response.content) == (200, b"ok\n")


@pytest.fixture
def new_process(monkeypatch):
    """A process that nobody has asked yet."""
    monkeypatch.setattr(public, "MIGRATIONS", public.Migrations())


def test_the_site_is_ready_when_every_migration_is_in(client, new_process):
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE app = 'travel'")
        before = client.get(reverse("home:readyz")).status_code
        transaction.set_rollback(True)

    after = client.get(reverse("home:readyz")).status_code

    assert (before, after) == (503, 200)


def test_a_site_that_was_ready_asks_only_whether_the_database_answers(client, new_process, django_assert_num_queries):
    client.get(reverse("home:readyz"))

    with django_assert_num_queries(1):
        again = client.get(reverse("home:readyz"))
    with connection.execute_wrapper(no_database):
        without = client.get(reverse("home:readyz"))

    assert (again.status_code, without.status_code) == (200, 503)


def no_database(*_):
    raise OperationalError("The server closed the connection.")


@pytest.mark.parametrize("name", ["home:healthz", "home:readyz", "home:privacy"])
@pytest.mark.parametrize(("proxies", "named"), [(1, "garbage"), (2, "192.0.2.1")])
def test_a_proxy_that_names_no_address_keeps_nobody_out(client, settings, name, proxies, named):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies

    response = client.get(reverse(name), headers={"X-Forwarded-For": named})

    assert response.status_code == 200


def test_a_queue_that_is_down_leaves_the_site_ready(client):
    from portal.celery import app

    before = app.conf.broker_url
    app.conf.broker_url = "redis://127.0.0.1:9/0"
    try:
        assert client.get(reverse("home:readyz")).status_code == 200
    finally:
        app.conf.broker_url = before


@pytest.mark.parametrize("name", ["home:healthz", "home:readyz"])
def test_machines_may_only_ask(client, name):
    assert client.post(reverse(name)).status_code == 405


def test_a_form_from_elsewhere_is_refused_in_plain_words(cast):
    from django.test import Client

    client = sign_in(Client(enforce_csrf_checks=True), cast.traveller)

    response = client.post(reverse("travel:before-you-leave", args=["TRV-8F4K2M"]), {})

    assert response.status_code == 403
    assert "This page was open for too long" in response.text


def test_what_does_not_exist_is_said_in_plain_words(client, cast):
    sign_in(client, cast.traveller)

    response = client.get("/no-such-page/")

    assert response.status_code == 404
    assert "Page not found" in response.text
