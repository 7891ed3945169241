"""What was sent to me, and did it arrive?"""

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse
from django.utils import timezone

from portal.notifications.models import Message
from tests.people import sign_in

pytestmark = pytest.mark.django_db


def message(recipient, number: int = 1, **fields) -> Message:
    return Message(
        recipient=recipient,
        template="request-approved",
        context={"reference": f"TRV-{number:06}"},
        link=f"/travel/TRV-{number:06}/",
        dedupe_key=f"{recipient.pk}:{number}",
        **fields,
    )


def rows(client, query: str = "") -> list[list[str]]:
    response = client.get(reverse("notifications:index") + query)
    assert response.status_code == 200
    page = BeautifulSoup(response.content, "html.parser").main
    return [[cell.text.strip() for cell in row.select("th, td")] for row in page.select("tbody tr")]


def test_everybody_sees_their_own_messages_only_the_newest_first(client, cast):
    Message.objects.bulk_create(
        [message(cast.traveller, 1), message(cast.manager, 2), message(cast.traveller, 3)],
    )
    sign_in(client, cast.traveller)

    assert [row[0] for row in rows(client)] == ["Request TRV-000003 was approved", "Request TRV-000001 was approved"]


def test_nobody_sees_more_for_being_a_superuser(client, cast):
    message(cast.traveller).save()
    sign_in(client, cast.superuser)

    assert rows(client) == []


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (Message.State.DUE, "Waiting to be sent"),
        (Message.State.SENT, "Sent"),
        (Message.State.FAILED, "Not delivered: it was refused"),
        (Message.State.DEAD, "Not delivered: we gave up after many attempts"),
        (Message.State.CANCELLED, "Not sent: no longer needed"),
    ],
)
def test_each_state_is_said_in_words(client, cast, state, said):
    message(cast.traveller, state=state, sent_at=timezone.now() if state == Message.State.SENT else None).save()
    sign_in(client, cast.traveller)

    assert rows(client)[0][2] == said


def test_a_message_leads_to_what_it_is_about(client, cast):
    message(cast.traveller).save()
    sign_in(client, cast.traveller)

    page = BeautifulSoup(client.get(reverse("notifications:index")).content, "html.parser")

    assert page.select_one("tbody a")["href"] == "/travel/TRV-000001/"


def test_what_a_message_is_about_is_text_and_never_markup(client, cast):
    one = message(cast.traveller)
    one.context = {"reference": "<script>alert(1)</script>"}
    one.save()
    sign_in(client, cast.traveller)

    assert b"<script>alert" not in client.get(reverse("notifications:index")).content
    assert "<script>alert(1)</script>" in rows(client)[0][0]


def test_there_are_pages(client, cast):
    Message.objects.bulk_create(message(cast.traveller, number) for number in range(30))
    sign_in(client, cast.traveller)

    assert len(rows(client)) == 25
    assert len(rows(client, "?page=2")) == 5


@pytest.mark.slow
@pytest.mark.parametrize("count", [10, 1_000])
def test_the_page_needs_as_many_queries_for_ten_as_for_a_thousand(client, cast, count, django_assert_num_queries):
    Message.objects.bulk_create(message(cast.traveller, number) for number in range(count))
    sign_in(client, cast.traveller)
    rows(client)

    with django_assert_num_queries(4):
        rows(client)
