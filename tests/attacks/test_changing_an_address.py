"""What somebody tries who wants the portal to write to another mailbox, or to take an address for themselves (S37)."""

import base64
import re

import pytest
from django.core import mail
from django.template.loader import render_to_string
from django.test import Client
from django.utils import timezone

from portal.accounts.models import User
from portal.mfa import actions, addresses, resets
from portal.mfa.models import EmailCode, ResetRequest
from portal.notifications import delivery
from portal.notifications.models import Message
from tests.portal.mfa import conftest as door
from tests.portal.mfa.conftest import PASSWORD, Visitor, actions_of, code_of, link_of, make_person
from tests.travel.pages import after

pytestmark = pytest.mark.django_db

quiet, no_counts, clock, maya, app = door.quiet, door.no_counts, door.clock, door.maya, door.app
visitor, another = door.visitor, door.another

OVER = "This link does not work"
NEW = "maya.new@justice.example"
SUBJECT = "Confirm your email address"


@pytest.fixture
def signed_in(visitor, maya, clock) -> Visitor:
    visitor.sign_in(maya)
    clock.forward(minutes=1)
    return visitor


def asks(visitor: Visitor, app, address: str = NEW, code: str | None = None):
    return visitor.post("/mfa/address/", {"address": address, "proof-code": code or code_of(app)})


def link() -> str:
    return link_of(subject())


def subject() -> str:
    return render_to_string("emails/confirm-address.txt", {"portal_name": "Staff security portal"}).partition("\n")[0]


def told(address: str) -> list[str]:
    return [letter.subject for letter in mail.outbox if letter.to == [address]]


def test_the_owner_changes_the_address(signed_in, another, maya, app):
    """The old address is told when it is asked for and when it is done; the new one proves itself first."""
    asks(signed_in, app)
    there = link()
    assert told("maya@justice.example")[-1:] == ["Somebody asked to change your email address"]

    response = another.post(there)

    maya.refresh_from_db()
    assert response["Location"] == "/accounts/login/"
    assert maya.email == NEW
    assert [one.email for one in maya.emailaddress_set.filter(verified=True)] == [NEW]
    delivery.deliver_due()
    assert "The email address of your account was changed" in told("maya@justice.example")
    assert "The email address of your account was changed" in told(NEW)
    assert actions_of(maya)[-1] == "door.address_changed"


def test_without_the_second_factor_nothing_is_sent(signed_in, maya, app):
    signed_in.post("/mfa/address/", {"address": NEW})
    asks(signed_in, app, code="000000")

    assert not Message.objects.filter(template="confirm-address").exists()


def test_the_new_address_does_nothing_before_it_is_confirmed(signed_in, another, maya, app):
    """It signs nobody in, gets no reset and no codes."""
    asks(signed_in, app)

    response = another.give_password(NEW, password=PASSWORD)
    another.post("/accounts/password/reset/", {"email": NEW})

    assert response.status_code == 200
    assert not Message.objects.filter(template="password-reset").exists()
    assert actions.mailbox_code(maya).target == "maya@justice.example"
    assert EmailCode.objects.filter(email=NEW).count() == 0


def test_the_link_works_in_another_browser_and_signs_nobody_in(signed_in, another, maya, app):
    asks(signed_in, app)
    there = link()

    assert another.get(there).status_code == 200
    maya.refresh_from_db()
    assert maya.email == "maya@justice.example", "looking changes nothing"
    another.post(there)

    assert not another.is_in


def test_the_link_tells_neither_the_old_address_nor_what_the_credentials_are(signed_in, maya, app):
    """It stands in the history of a browser and in the log of a proxy; a signature seals nothing."""
    asks(signed_in, app)

    payload = link().rstrip("/").rpartition("/")[2].split(":")[0].removeprefix(".")
    carried = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    maya.refresh_from_db()

    assert NEW.encode() in carried
    assert maya.email.encode() not in carried
    assert maya.get_session_auth_hash().encode() not in carried


def test_the_link_twice(signed_in, another, maya, app):
    asks(signed_in, app)
    there = link()
    another.post(there)

    assert OVER in another.get(there).content.decode()
    assert OVER in another.post(there).content.decode()
    assert actions_of(maya).count("door.address_changed") == 1


def test_the_link_after_a_day_and_an_hour(signed_in, another, maya, app, clock):
    asks(signed_in, app)
    there = link()
    clock.forward(hours=25)

    assert OVER in another.post(there).content.decode()
    maya.refresh_from_db()
    assert maya.email == "maya@justice.example"


def test_the_link_after_the_sessions_were_ended(signed_in, another, maya, app):
    """The owner saw the letter, and ended all sessions: the thief's link dies with them."""
    asks(signed_in, app)
    there = link()
    actions.end_sessions(maya)

    assert OVER in another.post(there).content.decode()


def test_the_link_after_the_password_was_changed(signed_in, another, maya, app):
    asks(signed_in, app)
    there = link()
    maya.set_password("a kettle sings of winter")
    maya.save()

    assert OVER in another.post(there).content.decode()


def test_the_link_of_a_leaver(signed_in, another, maya, app):
    asks(signed_in, app)
    there = link()
    User.objects.filter(pk=maya.pk).update(is_active=False)

    assert OVER in another.post(there).content.decode()


def test_a_change_that_began_before_the_password_changed_and_ends_after(maya):
    """The page was asked for in time; what counts is the moment under the lock."""
    change = addresses.Change(User.objects.get(pk=maya.pk), maya.email, NEW)
    maya.set_password("a kettle sings of winter")
    maya.save()

    with pytest.raises(actions.NotAllowed, match="not in force"):
        addresses.confirm(change)


def test_a_release_that_was_given_for_the_address_before(maya):
    """Whoever reads the new mailbox would enrol by what two people released for the owner of the old one."""
    request = ResetRequest.objects.create(
        person=maya, asked_by=maya, reason="Lost my phone.", released_at=timezone.now()
    )
    User.objects.filter(pk=maya.pk).update(enrolment_open=True)

    addresses.confirm(addresses.Change(User.objects.get(pk=maya.pk), maya.email, NEW))

    request.refresh_from_db()
    assert (request.state, request.refusal) == (ResetRequest.State.REFUSED, resets.ADDRESS_CHANGED)
    assert not User.objects.get(pk=maya.pk).enrolment_open


def test_of_two_changes_one_wins(signed_in, another, maya, app, clock):
    asks(signed_in, app)
    first = link()
    clock.forward(minutes=1)
    asks(signed_in, app, "maya.other@justice.example")
    second = link()

    another.post(second)

    assert OVER in another.post(first).content.decode()
    maya.refresh_from_db()
    assert maya.email == "maya.other@justice.example"


def test_a_change_of_two_people_to_one_address(maya):
    """The database refuses the second, and the page says so."""
    bea = make_person("bea@justice.example")
    changes = [addresses.Change(one, one.email, NEW) for one in (maya, bea)]
    addresses.confirm(changes[0])

    with pytest.raises(actions.NotAllowed, match="cannot be used"):
        addresses.confirm(changes[1])

    bea.refresh_from_db()
    assert bea.email == "bea@justice.example"


@pytest.mark.parametrize("spelling", ["bea@justice.example", "BEA@Justice.Example", " bea@justice.example "])
def test_an_address_that_is_somebodys(signed_in, maya, app, spelling):
    """The page says what it always says; the owner is told, by their mailbox."""
    bea = make_person("bea@justice.example")

    response = asks(signed_in, app, spelling)

    assert response["Location"] == "/mfa/security/"
    assert not Message.objects.filter(template="confirm-address").exists()
    assert Message.objects.filter(recipient=bea, template="address-in-use").count() == 1
    assert Message.objects.filter(recipient=maya, template="address-change-asked").count() == 1


def test_an_address_that_only_looks_like_another(signed_in, maya, app):
    """Cyrillic letters, and full-width ones."""
    for lookalike in ("mауа@justice.example", "ｍaya@justice.example", "maya@justicе.example"):
        shown = after(asks(signed_in, app, lookalike))
        assert shown.errors

    assert not Message.objects.filter(template="confirm-address").exists()


@pytest.mark.parametrize(
    "role", ["security@justice.example", "team.north@justice.example", "helpdesk+maya@justice.example"]
)
def test_an_address_that_several_people_read(signed_in, maya, app, role):
    shown = after(asks(signed_in, app, role))

    assert len(shown.errors) == 1
    assert not Message.objects.filter(template="confirm-address").exists()


def test_the_link_of_somebody_else(signed_in, another, maya, app):
    """It changes the account that it was sent for, never that of whoever opens it."""
    bea = make_person("bea@justice.example")
    asks(signed_in, app)

    another.post(link())

    bea.refresh_from_db()
    assert bea.email == "bea@justice.example"


def test_a_link_that_was_made_up_or_bent(another, maya, clock):
    for token in ("x", "a:b:c", "eyJ", "1" * 500):
        assert OVER in another.get(f"/mfa/address/{token}/").content.decode()
        assert OVER in another.post(f"/mfa/address/{token}/").content.decode()


def test_a_changed_address_ends_the_sessions(signed_in, another, maya, app):
    asks(signed_in, app)

    another.post(link())

    assert signed_in.get("/")["Location"].startswith("/accounts/login/")


def test_the_page_of_the_link_tells_no_other_site_of_it(signed_in, app):
    """The link is in the address bar: nothing in the page leads, or asks, elsewhere."""
    asks(signed_in, app)

    response = Client().get(link())

    body = response.content.decode()
    assert response["Referrer-Policy"] == "same-origin"
    assert not re.findall(r'(?:href|src|action)="(?:https?:)?//(?!127\.0\.0\.1:8000)[^"]*"', body)
    assert "no-store" in response["Cache-Control"]
