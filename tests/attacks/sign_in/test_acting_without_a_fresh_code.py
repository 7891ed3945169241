"""Somebody sits at a session that another person opened, and tries each page that changes something that matters.

Whichever page asks for a proof is found in the site itself, and each is tried with a valid answer: nothing happens
without a code, nor with one that was used; then the same answer with the owner's code acts, which shows that it was
the code that was missing.  Every other page that takes a post stands below, with the reason why it asks for none.
"""

import datetime
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import ManagerCorrection, User
from portal.mfa import actions as door
from portal.mfa import resets
from portal.mfa.models import TOTP, EmailCode, FactorRule, RecoveryPhone, ResetRequest, SignInState
from portal.mfa.stepup import PURPOSE, ProvedPage
from tests.attacks.sign_in.test_every_address import PAGES
from tests.factories import a_draft, a_trip
from tests.people import Cast, give_role, sign_in
from tests.portal.mfa.conftest import PASSWORD, code_of
from tests.portal.people.administering import DAY, another_administrator, day, propose, today
from tests.test_permissions import make_unrouted
from tests.travel.pages import after, page

pytestmark = pytest.mark.django_db

MINUTE = datetime.timedelta(minutes=1)

#: Pages that take a post and ask for no proof in it, and why.
UNPROVED = {
    "account_login": "nobody is signed in yet",
    "account_logout": "whoever finds a session open may close it",
    "account_reset_password": "anybody may ask for a link, which goes to the owner's mailbox",
    "account_reset_password_from_key": "the link is the proof, and the second factor comes after the new password",
    "account_confirm_email": "the link is the proof",
    "mfa:enrol": "a step of signing in",
    "mfa:verify": "a step of signing in",
    "mfa:recovery": "a step of signing in",
    "mfa:recovery_by_phone": "a step of signing in",
    "mfa:lost": "a step of signing in; two others decide",
    "mfa:reset": "ends a request for a reset in one's own name, and doing less may not be made hard",
    "mfa:key_challenge": "a script fetches what a key is to sign",
    "mfa:phone_code": "ends what mfa:phone began with a proof, and takes the code that the phone received",
    "mfa:confirm_address": "ends what mfa:address began with a proof, and takes the link of the new mailbox",
    "sso:start": "nobody is signed in yet",
    "travel:start": "a draft of one's own",
    "travel:section": "a draft of one's own",
    "travel:answer": "a draft of one's own",
    "travel:choose-approver": "a draft of one's own",
    "travel:check": "asks others, who decide",
    "travel:copy": "a draft of one's own",
    "travel:withdraw": "takes back one's own request; it can be made again",
    "travel:cancel": "takes back one's own request; it can be made again",
    "travel:amend": "asks again",
    "travel:confirm": "says that one travels oneself",
    "travel:conditions": "accepts what others decided",
    "travel:before-you-leave": "ticks off one's own list",
    "people:my-manager": "asks an administrator, who decides with a proof",
    "people:my-manager-take-back": "takes back one's own question",
    "people:role-proposal-take-back": "takes a right away that nobody has yet",
}


#: Tried elsewhere, where what they take is at hand: the provider, a key, a file.
TRIED_ELSEWHERE = {
    "sso:link": "tests/portal/mfa/sso/test_links.py",
    "sso:unlink": "tests/portal/mfa/sso/test_links.py",
    "mfa:key_add": "tests/attacks/test_security_keys.py",
    "mfa:key_remove": "tests/portal/mfa/test_keys.py",
    "people:import": "tests/attacks/test_importing_people.py",
}


@dataclass
class Act:
    """Somebody of the cast sends a page, of a record perhaps, with these answers."""

    who: str
    record: Callable[[Cast], Any] = lambda cast: None
    answers: dict[str, object] = field(default_factory=dict)


def phones_allowed(cast: Cast) -> None:
    FactorRule.objects.get_or_create(
        business_area=cast.traveller.business_area, what=FactorRule.What.RECOVERY_PHONE, is_on=True,
        from_on=today(), reason="For the test", announced_by=cast.senior,
    )  # fmt: skip
    give_password(cast)


def give_password(cast: Cast) -> None:
    cast.traveller.set_password(PASSWORD)
    cast.traveller.save()


def has_phone(cast: Cast) -> None:
    phones_allowed(cast)
    add_phone(cast)


def add_phone(cast: Cast) -> None:
    phone = RecoveryPhone(user=cast.traveller, name="Phone", confirmed=True, verified_at=timezone.now())
    phone.set_number("+447400123456")
    phone.save()


def is_elsewhere_too(cast: Cast) -> None:
    session_elsewhere(cast)


def session_elsewhere(cast: Cast) -> UserSession:
    key = sign_in(Client(), cast.traveller).session.session_key
    return UserSession.objects.create(user=cast.traveller, ip="198.51.100.7", session_key=key, user_agent="Firefox/140")


def officer(cast: Cast, **facts: object) -> User:
    User.objects.filter(pk=cast.officer.pk).update(**facts)
    return cast.officer


def locked(cast: Cast) -> User:
    SignInState.objects.create(user=cast.officer, failures=30, last_failure_at=timezone.now())
    return cast.officer


def invited(cast: Cast) -> User:
    door.verify_address(cast.officer)
    return officer(cast, enrolment_open=True, password="!")


def doubt(cast: Cast) -> ManagerCorrection:
    return ManagerCorrection.objects.create(
        person=cast.traveller, manager=cast.senior, reason="I moved.", asked_by=cast.traveller
    )


def unrouted(cast: Cast) -> Any:
    return make_unrouted(cast.traveller, cast.colleague, cast)


def reviewed_long_ago(cast: Cast) -> None:
    give_role(cast.colleague, "auditor")


def area_of_traveller(cast: Cast) -> int:
    return cast.traveller.business_area_id


def lost_everything(cast: Cast) -> None:
    door.verify_address(cast.officer)


def asked(cast: Cast) -> ResetRequest:
    door.verify_address(cast.officer)
    return resets.ask(cast.officer, reason="My phone was stolen.", by=cast.officer)


def rule_to_come(cast: Cast) -> FactorRule:
    return FactorRule.objects.create(
        business_area=cast.traveller.business_area, what=FactorRule.What.EMAIL_CODES, is_on=True,
        from_on=today() + 60 * DAY, reason="For the test", announced_by=cast.user_administrator,
    )  # fmt: skip


NEWCOMER = {
    "full_name": "Nora Newcomer", "email": "nora.newcomer@example.justice.test", "person_type": "staff",
    "business_area": area_of_traveller, "line_manager": "mark.manager@example.justice.test",
}  # fmt: skip
FROM_TODAY = {part: lambda cast, part=part: day("from_on", today())[part] for part in day("from_on", today())}
AT_ONCE = {"when": "now", "reason": "Moved away."}

ACTS = {
    "account_change_password": Act(
        "traveller", give_password, {"oldpassword": PASSWORD, "password1": "harbour lantern quilt"}
    ),
    "mfa:replace": Act("traveller"),
    "mfa:recovery_codes": Act("traveller"),
    "mfa:phone": Act("traveller", phones_allowed, {"number": "07400 123456", "password": PASSWORD}),
    "mfa:phone_remove": Act("traveller", has_phone),
    "mfa:address": Act("traveller", answers={"address": "tess.mallory@example.justice.test"}),
    "mfa:end_session": Act("traveller", session_elsewhere),
    "mfa:end_other_sessions": Act("traveller", is_elsewhere_too),
    "mfa:prove_again": Act("traveller"),
    "travel:discard": Act("traveller", lambda cast: a_draft(cast.traveller)),
    "travel:decide": Act(
        "senior", lambda cast: a_trip(cast.traveller, countries=("DE",), upto="line_manager"),
        {"decision": "approve", "approve_equipment": "yes", "approve_services": "yes"},
    ),
    "travel:name-approver": Act("security", unrouted, {"email": "sana.senior@example.justice.test", "reason": "x"}),
    "people:export": Act("user_administrator", answers={"format": "csv"}),
    "people:invite": Act("user_administrator", answers=NEWCOMER),
    "people:invite-again": Act("user_administrator", invited),
    "people:edit": Act("user_administrator", officer, {"full_name": "Mallory"}),
    "people:address": Act(
        "user_administrator", officer, {"email": "olu.mallory@example.justice.test", "is_checked": "on"}
    ),
    "people:manager": Act("user_administrator", doubt, {"decision": "accept"}),
    "people:deactivate": Act("user_administrator", officer, {"reason": "Left."}),
    "people:reactivate": Act("user_administrator", lambda cast: officer(cast, is_active=False), {"reason": "Back."}),
    "people:end-sessions": Act("user_administrator", officer, {"reason": "Lost laptop."}),
    "people:unlock": Act("user_administrator", locked, {"reason": "They rang."}),
    "people:my-phone": Act("traveller", answers={"phone": "020 7946 0000"}),
    "people:about": Act("traveller", answers={"format": "csv"}),
    "people:roles-export": Act("user_administrator", answers={"format": "csv"}),
    "people:role-review": Act(
        "user_administrator", reviewed_long_ago, {"roles": lambda cast: cast.colleague.roles_held.get().pk}
    ),
    "people:reset-ask": Act(
        "user_administrator", lost_everything, {"email": "olu.officer@example.justice.test", "reason": "They rang me."}
    ),
    "people:reset-release": Act("user_administrator", asked, {"how": "I rang them on their number."}),
    "people:reset-refuse": Act("user_administrator", asked, {"reason": "They did not ask."}),
    "people:sign-in-rule": Act(
        "user_administrator", answers={"area": area_of_traveller, "rule": "email_codes", "reason": "x"} | FROM_TODAY
    ),
    "people:sign-in-take-back": Act("user_administrator", rule_to_come),
    "people:sign-in-export": Act("user_administrator", answers={"format": "csv"}),
    "people:role-proposal": Act(
        "user_administrator", lambda cast: propose(cast.colleague, another_administrator()), {"decision": "accept"}
    ),
    "people:role-give": Act("user_administrator", officer, {"role": "auditor", "reason": "The yearly audit."}),
    "people:role-end": Act("user_administrator", lambda cast: cast.auditor.roles_held.get(), AT_ONCE),
    "people:post-give": Act(
        "user_administrator", lambda cast: cast.deputy_governor,
        {"business_area": lambda cast: cast.governor.business_area_id, "reason": "Promoted."},
    ),
    "people:post-end": Act("user_administrator", lambda cast: cast.governor.posts_held.get(), AT_ONCE),
    "people:grade-give": Act("user_administrator", officer, {"reason": "Promoted."}),
    "people:grade-end": Act("user_administrator", lambda cast: cast.senior.senior_periods.get(), AT_ONCE),
}  # fmt: skip

VIEWS = {page.name: getattr(page.view, "view_class", None) for page in PAGES}
BESIDE_THE_ACT = ("throttling_", "failures", "last_failure_at", "last_t", "drift", "last_used", "last_login")
WITNESSES = {"audit.Event", "sessions.Session", "usersessions.UserSession", "mfa.SignInState"}


def test_every_page_that_takes_a_post_asks_for_a_proof_or_says_why_not():
    """S32: a new page is a decision."""
    posts = {name for name, view in VIEWS.items() if hasattr(view, "post")}
    proved = {name for name in posts if issubclass(VIEWS[name], ProvedPage)}

    assert posts - proved == UNPROVED.keys()
    assert proved == ACTS.keys() | TRIED_ELSEWHERE.keys()


def kept() -> list[dict]:
    """All that the portal keeps, beside the record of what was tried."""
    models = [model for model in apps.get_models() if not model._meta.proxy and model._meta.label not in WITNESSES]
    return [
        {name: value for name, value in row.items() if not name.startswith(BESIDE_THE_ACT)}
        for model in models
        for row in model._base_manager.order_by("pk").values()
    ]


def stolen(user: User, age: datetime.timedelta) -> Client:
    """A browser at which this person gave a code so long ago."""
    browser = sign_in(Client(), User.objects.get(pk=user.pk))
    session = browser.session
    session["proved"] |= {"at": time.time() - age.total_seconds()}
    session.save()
    return browser


def url_of(route: str, record: Any) -> str:
    return reverse(route, args=[getattr(record, "reference", None) or record.pk] if record is not None else [])


def prepared(route: str, cast: Cast, age: datetime.timedelta) -> tuple[Client, str, dict, TOTP]:
    """A stolen session, the page's address, a whole answer to it but for the proof, and the owner's app."""
    act = ACTS[route]
    record = act.record(cast)
    user = getattr(cast, act.who)
    browser, url = stolen(user, age), url_of(route, record)
    given = {name: answer(cast) if callable(answer) else answer for name, answer in act.answers.items()}
    return browser, url, page(browser, url).form(**given), TOTP.objects.get(user=user)


def has_acted(response, before: list[dict]) -> bool:
    return response.status_code == 302 or "Content-Disposition" in response.headers or kept() != before


@pytest.mark.parametrize("route", ACTS)
def test_a_stolen_session_changes_nothing(cast, clock, route):
    """S32: six minutes after a code for what is bound to one act, sixteen for what is asked once in a sitting."""
    limit = VIEWS[route].proof
    age = datetime.timedelta(minutes=6) if limit is None else limit + datetime.timedelta(minutes=1)
    browser, url, answers, app = prepared(route, cast, age)
    TOTP.objects.filter(pk=app.pk).update(last_t=int(time.time()) // 30)  # The code that they watched was used.
    before = kept()

    for code in ("", code_of(app)):
        response = browser.post(url, answers | {"proof-code": code})

        assert not has_acted(response, before)
        assert "proof-code" in response.text
    clock.forward(seconds=31)
    acted = browser.post(url, answers | {"proof-code": code_of(app)})
    assert has_acted(acted, before), after(acted).errors


@pytest.mark.parametrize("route", [route for route in ACTS if VIEWS[route].proof is None])
def test_a_second_after_the_owner_gave_a_code_is_too_late_for(cast, clock, route):
    """S32: what is bound to one act takes a code of its own."""
    browser, url, answers, _ = prepared(route, cast, datetime.timedelta(seconds=1))
    before = kept()

    response = browser.post(url, answers)

    assert not has_acted(response, before)


@pytest.mark.parametrize("stamp", [{}, {"at": 0}, {"at": "in an hour"}])
def test_a_proof_from_the_future_or_from_nowhere_is_none(cast, clock, stamp):
    """S35: a clock that was set back, or a session that never proved anything."""
    browser, url, answers, _ = prepared("travel:decide", cast, datetime.timedelta(seconds=1))
    session = browser.session
    session["proved"] = {name: time.time() + 3600 if value else value for name, value in stamp.items()}
    session.save()
    before = kept()

    response = browser.post(url, answers)

    assert not has_acted(response, before)


def test_a_proof_given_in_one_tab_is_old_in_the_other_after_a_sitting(cast, clock):
    """S35: to the second, by the portal's clock."""
    browser, url, answers, _ = prepared("travel:decide", cast, VIEWS["travel:decide"].proof)
    clock.forward(seconds=1)
    before = kept()

    assert not has_acted(browser.post(url, answers), before)

    session = browser.session
    session["proved"] |= {"at": session["proved"]["at"] + 1}
    session.save()
    assert has_acted(browser.post(url, answers), before)


@pytest.mark.parametrize("weaker", ["password", "recovery code", "text message", "email", "another's app"])
def test_nothing_weaker_than_the_app_proves_who_it_is(cast, clock, weaker):
    """S33: what the thief of a session, a mailbox or a phone may have; the app does it at once afterwards."""
    phones_allowed(cast)
    browser, url, answers, app = prepared("mfa:address", cast, datetime.timedelta(minutes=6))
    given = weaker_proof(weaker, cast, browser)
    before = kept()

    response = browser.post(url, answers | {"proof-code": given, "password": PASSWORD, "oldpassword": PASSWORD})

    assert not has_acted(response, before)
    clock.forward(seconds=31)
    assert has_acted(browser.post(url, answers | {"proof-code": code_of(app)}), before)


def weaker_proof(kind: str, cast: Cast, browser: Client) -> str:
    """Return a proof of this kind that would count somewhere, even bound to this very session."""
    user = cast.traveller
    if kind == "password":
        return PASSWORD
    if kind == "recovery code":
        return door.recovery_device(user).renew()[0]
    if kind == "another's app":
        return code_of(TOTP.objects.create(user=cast.colleague, name="App", confirmed=True))
    if kind == "text message":
        add_phone(cast)
        device = RecoveryPhone.objects.get(user=user)
    else:
        door.verify_address(user)
        device = EmailCode.objects.create(user=user, confirmed=True, name="Email codes")
    session = browser.session
    session["proof_nonce"] = "a nonce"
    session.save()
    return device.issue(purpose=PURPOSE, nonce="a nonce")


def test_the_password_page_of_the_package_is_gone(cast, clock):
    """S33: allauth's own would make a session fresh by the password alone."""
    phones_allowed(cast)
    browser = stolen(cast.traveller, datetime.timedelta(hours=1))
    proved = browser.session["proved"]

    response = browser.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": "/mfa/address/"})

    assert response.status_code == 404
    assert browser.session["proved"] == proved


def test_somebody_without_a_password_cannot_change_the_address_without_a_code(cast, clock):
    """S34: whoever comes by single sign-on alone counts as freshly signed in for allauth, at any time."""
    cast.traveller.set_unusable_password()
    cast.traveller.save()
    browser, url, answers, _ = prepared("mfa:address", cast, datetime.timedelta(seconds=1))
    before = kept()

    response = browser.post(url, answers)

    assert not has_acted(response, before)
    assert "Enter the code from your app" in response.text
