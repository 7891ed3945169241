"""A visitor tries many passwords, or wants to learn who has an account."""

import random
import re
import statistics
import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.accounts.models import User
from portal.audit.models import Event
from portal.notifications.models import Message
from tests.portal.mfa.conftest import PASSWORD, Visitor, actions_of
from tests.portal.mfa.pages import ask_for_link

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("facts", [{"is_active": False}, {"ends_on": timezone.datetime(2027, 2, 28).date()}])
def test_a_leaver_is_told_what_anybody_with_a_wrong_password_is_told(visitor, maya, facts, clock):
    """S24: also with the right password."""
    User.objects.filter(pk=maya.pk).update(**facts)

    leaver, nobody = visitor.give_password(maya), visitor.give_password("nobody@justice.example", "wrong")

    assert (leaver.status_code, without_input(leaver)) == (nobody.status_code, without_input(nobody))
    assert not visitor.is_in
    assert actions_of(maya)[-1] == "door.leaver_refused"


def without_input(response) -> str:
    """The page without what was typed and without its token, which is new each time."""
    return re.sub(r'(value|name="csrfmiddlewaretoken" value)="[^"]*"', "", response.content.decode())


def test_wrong_passwords_and_unknown_addresses_look_alike(visitor, maya, clock):
    """S24: status and body; the audit log names the person and never an address that is nobody's."""
    known, unknown = visitor.give_password(maya, "wrong"), visitor.give_password("nobody@justice.example", "wrong")

    assert (known.status_code, without_input(known)) == (unknown.status_code, without_input(unknown))
    assert known.headers.keys() == unknown.headers.keys()
    assert actions_of(maya)[-1] == "door.password_failed"
    stray = Event.objects.get(target_id="0")
    assert stray.target == "an unknown address"
    assert "nobody@" not in stray.target + stray.details


def test_too_many_wrong_passwords_pause_an_address_whoever_owns_it(visitor, maya, clock):
    """S23, S24: also an unknown one; the right password waits as well; it lasts for minutes."""
    for email in (maya.email, "nobody@justice.example"):
        for number in range(5):
            visitor.give_password(email, "wrong", REMOTE_ADDR=f"198.51.100.{number}")
        assert "too many wrong passwords" in visitor.give_password(email, PASSWORD).content.decode()
    assert actions_of(maya)[-1] == "door.passwords_paused"

    clock.forward(minutes=6)

    assert visitor.give_password(maya)["Location"] == "/mfa/verify/"


def test_another_port_in_the_host_header_is_no_fresh_allowance(visitor, maya, clock):
    for number in range(5):
        visitor.give_password(maya, "wrong", HTTP_HOST=f"localhost:{8000 + number}", REMOTE_ADDR=f"198.51.100.{number}")

    response = visitor.give_password(maya, HTTP_HOST="localhost:9999", REMOTE_ADDR="198.51.100.77")

    assert "too many wrong passwords" in response.content.decode()


@pytest.mark.parametrize("facts", [{"is_active": False}, {"ends_on": timezone.datetime(2027, 2, 28).date()}])
def test_asking_for_a_link_tells_nobody_who_has_an_account(visitor, maya, administrator, clock, facts):
    """S24: known, unknown and a leaver's; status, body, headers."""
    User.objects.filter(pk=administrator.pk).update(**facts)

    answers = [ask_for_link(visitor, email) for email in (maya.email, "nobody@justice.example", administrator.email)]

    assert len({(answer.status_code, answer["Location"], answer.content) for answer in answers}) == 1
    assert len({tuple(answer.headers.items()) for answer in answers}) == 1
    assert not any(answer.cookies for answer in answers)
    assert Message.objects.filter(template="password-reset").get().recipient == maya
    assert "nobody@" not in "".join(event.target + event.details for event in Event.objects.all())
    assert "If the address you entered has an account" in visitor.get(answers[0]["Location"]).content.decode()


@pytest.mark.parametrize("facts", [{}, {"is_active": False}, {"password": "!unusable"}])
def test_asking_for_a_link_costs_the_same_queries_whoever_it_is_for(visitor, another, maya, facts):
    """S24: the work is the same, so the time is."""
    User.objects.filter(pk=maya.pk).update(**facts)
    ask_for_link(Visitor(), "somebody.else@justice.example")

    with CaptureQueriesContext(connection) as for_maya:
        ask_for_link(visitor, maya.email)
    with CaptureQueriesContext(connection) as for_nobody:
        ask_for_link(another, "nobody@justice.example")

    assert [shape(query["sql"]) for query in for_maya] == [shape(query["sql"]) for query in for_nobody]
    assert any('INTO "notifications_message"' in query["sql"] for query in for_nobody)
    assert not Message.objects.exclude(recipient=maya).exists()


def shape(sql: str) -> str:
    """A query without its values, and with one word for the two ends of a savepoint."""
    sql = re.sub(r"(ROLLBACK TO|RELEASE) SAVEPOINT \S+|SAVEPOINT \S+", lambda found: found[0].split()[0][0], sql)
    return re.sub(r"'[^']*'|\b\d[\d.]*\b", "?", sql).replace("ROLLBACK", "R")


@pytest.mark.slow
def test_the_time_of_the_answer_does_not_tell_who_has_an_account(maya, administrator, newcomer, settings, evidence):
    """S24: 200 tries each, in turns, so that whatever else the machine does falls on all alike."""
    settings.ACCOUNT_RATE_LIMITS = False
    User.objects.filter(pk=administrator.pk).update(is_active=False)
    User.objects.filter(pk=newcomer.pk).update(password="!unusable")
    visitor = Visitor()
    addresses = {
        "known": maya.email,
        "unknown": "nobody@justice.example",
        "inactive": administrator.email,
        "no password": newcomer.email,
    }
    took = {who: [] for who in addresses}
    for _ in range(210):
        for who, email in random.sample(list(addresses.items()), len(addresses)):
            began = time.perf_counter()
            ask_for_link(visitor, email)
            took[who].append(time.perf_counter() - began)

    medians = {who: statistics.median(times[10:]) * 1000 for who, times in took.items()}

    evidence(
        "Milliseconds until the page that sends a link to set a password answers, medians of 200 tries: "
        + ", ".join(f"{who} {median:.1f}" for who, median in medians.items())
    )
    # The queries are the same, which another test shows; the bound leaves room for a machine that does much else.
    assert max(medians.values()) < 1.5 * min(medians.values()), medians


def test_spraying_one_password_over_a_thousand_addresses(visitor, another, maya, app, clock):
    """S23: one network address has so many tries; owners elsewhere, and sessions that live, do not notice."""
    another.sign_in(maya, REMOTE_ADDR="198.51.100.7")
    clock.forward(seconds=31)

    pages = [visitor.give_password(f"person{number}@justice.example", "Summer holidays 2027") for number in range(1000)]
    stopped = ["too many" in page.text or page.status_code == 429 for page in pages]

    assert stopped.index(True) <= 100
    assert all(stopped[stopped.index(True) :])
    assert visitor.give_password(maya).status_code in (200, 429)
    assert visitor.get("/mfa/verify/")["Location"] == "/accounts/login/"
    assert another.get("/mfa/security/", REMOTE_ADDR="198.51.100.7").status_code == 200
    assert Visitor().give_password(maya, REMOTE_ADDR="198.51.100.8")["Location"] == "/mfa/verify/"
