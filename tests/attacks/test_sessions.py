"""What somebody tries who has another person's session, or wants their own to last longer than it should.

Each was seen to succeed once, with its defence taken away.
"""

import datetime
import re

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.core.checks import run_checks
from django.test import Client
from django.utils import timezone

from portal.accounts.models import BusinessArea, Role, RoleHeld, User
from portal.audit.models import Event
from portal.mfa import actions, policy
from portal.mfa.models import TOTP, EmailCode, FactorRule
from portal.people.actions import roles
from tests.portal.mfa import conftest as door
from tests.portal.mfa.conftest import Visitor, actions_of, code_of

pytestmark = pytest.mark.django_db

quiet, no_counts, clock, maya, app = door.quiet, door.no_counts, door.clock, door.maya, door.app
administrator, visitor, another = door.administrator, door.visitor, door.another

OFFICE, SECOND_OFFICE, CAFE, ABROAD = "51.149.8.20", "62.25.109.4", "86.3.7.1", "196.201.214.9"
TWO_PLACES = "Your account was signed in to from a second place"


@pytest.fixture(autouse=True)
def offices(settings):
    settings.PORTAL_KNOWN_NETWORKS = ["51.149.8.0/24", "62.25.109.0/24", "2001:67c:11::/48"]


def at(ip: str, client: Client | None = None) -> Visitor:
    """A browser at this address; with ``client``, one that moved there."""
    client = client or Client()
    client.defaults["REMOTE_ADDR"] = ip
    return Visitor(client)


def is_open(visitor: Visitor) -> bool:
    return visitor.get("/mfa/security/").status_code == 200


def is_asked_again(visitor: Visitor) -> bool:
    response = visitor.get("/mfa/security/")
    return response.status_code == 302 and response["Location"] == "/mfa/prove-again/?next=/mfa/security/"


def be_here(visitor: Visitor, clock, **parts: float) -> None:
    """Let time pass while the page is in use."""
    minutes = datetime.timedelta(**parts).total_seconds() / 60
    while minutes > 0:
        clock.forward(minutes=min(minutes, 20))
        minutes -= 20
        visitor.post("/mfa/stay/")


# Cookies of sessions that should be over ------------------------------------------------------------------------------


def test_a_stolen_cookie_after_its_owner_signed_out(visitor, maya, app, clock):
    """S38."""
    visitor.sign_in(maya)
    thief = Client()
    thief.cookies[django_settings.SESSION_COOKIE_NAME] = visitor.client.session.session_key

    visitor.post("/accounts/logout/")

    assert thief.get("/mfa/security/").status_code == 302


def test_keeping_a_session_alive_for_a_day_by_the_pages_own_script(visitor, maya, app, clock):
    """S38: saying "I am here" puts off the idle end, never the end after twelve hours."""
    visitor.sign_in(maya)
    be_here(visitor, clock, hours=11, minutes=59)
    assert visitor.get("/mfa/alive/").json()["age"] == 60.0

    be_here(visitor, clock, minutes=2)

    assert visitor.post("/mfa/stay/").json() == {}
    assert not visitor.is_in


def test_keeping_a_session_alive_by_asking_whether_it_is(visitor, maya, app, clock):
    """S38: a page left open asks; that is nobody's being here."""
    visitor.sign_in(maya)
    for _ in range(4):
        clock.forward(minutes=9)
        visitor.get("/mfa/alive/")

    assert not visitor.is_in


def new_password(user: User) -> None:
    user.set_password("another horse, another battery")
    user.save()


def demote(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_staff=False, is_superuser=False)


CHANGES = {
    "a new password": new_password,
    "deactivation": lambda user: User.objects.filter(pk=user.pk).update(is_active=False),
    "the last day": lambda user: User.objects.filter(pk=user.pk).update(ends_on=timezone.localdate() - ONE_DAY),
    "a demotion": demote,
    "the end of all sessions": actions.end_sessions,
    "a replaced app": lambda user: actions.replace(device=actions.start_app(user)),
    "another role": roles.changed,
}
ONE_DAY = datetime.timedelta(days=1)


@pytest.mark.parametrize("change", CHANGES)
def test_going_on_in_a_session_after(visitor, administrator, change, clock):
    """S38, S18: live or between the password and the code, and the admin site too."""
    visitor.sign_in(administrator)
    assert visitor.get("/admin/").status_code == 200
    clock.forward(minutes=1)
    pending = Visitor()
    pending.give_password(administrator)
    code = code_of(policy.authenticator_app(administrator))

    CHANGES[change](administrator)

    assert visitor.get("/admin/")["Location"] == "/admin/login/?next=/admin/"
    assert not is_open(visitor)
    pending.give_code(code)
    assert not pending.is_in


@pytest.mark.parametrize("loss", ["deleted", "unconfirmed"])
def test_going_on_behind_a_device_that_is_gone(visitor, maya, app, clock, loss):
    """S39."""
    visitor.sign_in(maya)

    if loss == "deleted":
        TOTP.objects.filter(pk=app.pk).delete()
    else:
        TOTP.objects.filter(pk=app.pk).update(confirmed=False)

    assert not is_open(visitor)
    assert not visitor.is_in


def test_the_old_key_after_proving_again(visitor, maya, app, clock):
    """S40: whoever knew the key before the proof has nothing."""
    visitor.sign_in(maya)
    thief = Client()
    thief.cookies[django_settings.SESSION_COOKIE_NAME] = visitor.client.session.session_key
    clock.forward(minutes=1)

    visitor.post("/mfa/prove-again/", {"proof-code": code_of(app)})

    assert is_open(visitor)
    assert thief.get("/mfa/security/").status_code == 302


@pytest.fixture
def by_email(visitor, clock) -> Visitor:
    """Somebody of an area that allows codes to the mailbox, in a session that such a code opened."""
    area = BusinessArea.objects.get(key="hmcts")
    boss = door.make_person("boss@justice.example")
    FactorRule.objects.create(
        business_area=area, what="email_codes", is_on=True, from_on=datetime.date(2027, 1, 1), announced_by=boss
    )
    user = door.make_person("noor@justice.example", business_area=area)
    actions.choose_email_codes(user=user)
    device = EmailCode.objects.get(user=user)
    visitor.client.force_login(user)
    session = visitor.client.session
    now = timezone.now().timestamp()
    proved = {"at": now, "device": device.persistent_id, "ip": CAFE}
    session.update({"otp_device_id": device.persistent_id, "signed_in_at": now, "seen_at": now, "proved": proved})
    session.save()
    visitor.user = user
    return visitor


def test_going_on_with_codes_to_the_mailbox_when_the_area_withdrew_them(by_email):
    assert is_open(by_email)

    FactorRule.objects.update(is_on=False)

    assert not is_open(by_email)
    assert not by_email.is_in


def test_taking_a_new_role_into_a_session_of_codes_to_the_mailbox(by_email):
    """S17: such a code is never enough for whoever has more access than their own work needs."""
    RoleHeld.objects.create(
        person=by_email.user, role=Role.AUDITOR, from_on=timezone.localdate(), reason="The yearly audit"
    )

    response = by_email.post("/mfa/stay/")

    assert response.json() == {}
    assert not by_email.is_in


# Two at once ----------------------------------------------------------------------------------------------------------


def sign_in_elsewhere(maya, clock, *, first: str, then: str) -> list[str]:
    at(first).sign_in(maya)
    clock.forward(minutes=1)
    at(then).sign_in(maya)
    return [action for action in actions_of(maya) if action == "door.two_places"]


@pytest.mark.parametrize(
    ("first", "then"),
    [(CAFE, ABROAD), (OFFICE, ABROAD), (ABROAD, OFFICE), (CAFE, "2a00:23c5::1"), ("2a00::1", "2a01::1")],
)
def test_sharing_an_account_from_two_places(maya, app, clock, first, then, mailoutbox):
    """S41: nothing is refused, and the owner is told."""
    assert sign_in_elsewhere(maya, clock, first=first, then=then) == ["door.two_places"]

    door.delivery.deliver_due()

    assert TWO_PLACES in [letter.subject for letter in mailoutbox]


@pytest.mark.parametrize(
    ("first", "then"), [(CAFE, "86.3.200.200"), (OFFICE, SECOND_OFFICE), ("2a00::1", "2a00:0:ffff::1"), (CAFE, CAFE)]
)
def test_two_browsers_in_one_place_or_in_two_offices_alarm_nobody(maya, app, clock, first, then):
    assert sign_in_elsewhere(maya, clock, first=first, then=then) == []


def test_a_session_that_is_over_is_no_second_place(maya, app, clock):
    at(CAFE).sign_in(maya)
    clock.forward(minutes=31)
    at(ABROAD).sign_in(maya)

    assert "door.two_places" not in actions_of(maya)


def test_the_second_place_shows_on_the_page_of_sessions(maya, app, clock):
    first = at(CAFE)
    first.sign_in(maya)
    clock.forward(minutes=1)
    at(ABROAD).sign_in(maya)

    shown = first.get("/mfa/sessions/").content.decode()

    assert "two networks that are far apart" in shown
    assert ABROAD in shown


# Ending sessions ------------------------------------------------------------------------------------------------------


def test_a_session_that_its_owner_ended_opens_nothing(maya, administrator, clock):
    """S42: the admin site included, and what the browser still posts."""
    mine, theirs = at(OFFICE), at(ABROAD)
    theirs.sign_in(administrator)
    clock.forward(minutes=1)
    mine.sign_in(administrator)
    clock.forward(minutes=1)

    mine.post("/mfa/sessions/end-others/", {"proof-code": code_of(policy.authenticator_app(administrator))})

    assert is_open(mine)
    assert theirs.get("/admin/")["Location"] == "/admin/login/?next=/admin/"
    assert theirs.post("/travel/start/").status_code == 403
    assert theirs.get("/mfa/alive/").json() == {}


def test_a_pending_sign_in_when_the_owner_ends_the_others(maya, app, clock):
    """S42: the thief stood at the page of codes."""
    mine, thief = at(OFFICE), at(ABROAD)
    mine.sign_in(maya)
    clock.forward(minutes=1)
    thief.give_password(maya)
    mine.post("/mfa/sessions/end-others/", {"proof-code": code_of(app)})
    clock.forward(minutes=1)

    thief.give_code(code_of(app))

    assert not thief.is_in


@pytest.mark.parametrize("proof", [{}, {"proof-code": "000000"}])
def test_a_thief_ending_the_owners_sessions_without_a_code(maya, app, clock, proof):
    """S32: the cookie is fresh, and enough for nothing here."""
    thief, owner = at(ABROAD), at(OFFICE)
    thief.sign_in(maya)
    clock.forward(minutes=1)
    owner.sign_in(maya)
    row = re.search(r"/mfa/sessions/\d+/end/", thief.get("/mfa/sessions/").content.decode())[0]

    thief.post("/mfa/sessions/end-others/", proof)
    thief.post(row, proof)

    assert is_open(owner)
    assert "door.sessions_ended" not in actions_of(maya)


def test_ending_the_sessions_of_somebody_else_by_number(maya, administrator, app, clock):
    victim, attacker = at(OFFICE), at(CAFE)
    victim.sign_in(administrator)
    attacker.sign_in(maya)
    clock.forward(minutes=1)
    number = door.User.objects.get(pk=administrator.pk).usersession_set.get().pk

    response = attacker.post(f"/mfa/sessions/{number}/end/", {"proof-code": code_of(app)})

    assert response.status_code == 404
    assert is_open(victim)


def test_looking_for_the_keys_of_sessions_in_the_page(maya, app, clock):
    mine, other = at(OFFICE), at(CAFE)
    other.sign_in(maya)
    clock.forward(minutes=1)
    mine.sign_in(maya)

    shown = mine.get("/mfa/sessions/").content.decode()

    for client in (mine.client, other.client):
        assert client.session.session_key not in shown


# Known networks -------------------------------------------------------------------------------------------------------


def test_signing_in_proving_and_the_admin_site_ask_inside_a_known_network_too(maya, administrator, app, clock):
    """S43."""
    inside = at(OFFICE)
    assert inside.give_password(maya)["Location"] == "/mfa/verify/"
    assert not inside.is_in
    inside.sign_in(maya)
    again = at(OFFICE)
    assert again.give_password(maya)["Location"] == "/mfa/verify/"
    ended = inside.post("/mfa/sessions/end-others/", {})
    assert ended.status_code == 200
    assert "proof-code" in ended.content.decode()
    admin = at(OFFICE)
    admin.client.force_login(administrator)
    assert admin.get("/admin/").status_code == 302


@pytest.mark.parametrize(("where", "hours"), [(CAFE, 4), (OFFICE, 10)])
def test_going_on_without_a_code_for_longer_than_that(maya, app, clock, where, hours):
    """S44: four hours outside, ten hours inside."""
    mine = at(where)
    mine.sign_in(maya)
    be_here(mine, clock, hours=hours)
    assert is_open(mine)

    be_here(mine, clock, minutes=1)

    assert is_asked_again(mine)
    mine.post("/mfa/prove-again/?next=/mfa/security/", {"proof-code": code_of(app)})
    assert is_open(mine)


def test_taking_a_long_session_out_of_the_office(maya, app, clock):
    """S44: asked at once."""
    mine = at(OFFICE)
    mine.sign_in(maya)
    be_here(mine, clock, hours=5)
    assert is_open(mine)

    assert is_asked_again(at(CAFE, mine.client))


def test_taking_a_session_into_the_office(maya, app, clock):
    """S45: proved outside, it stays at four hours."""
    mine = at(CAFE)
    mine.sign_in(maya)
    at(OFFICE, mine.client)
    be_here(mine, clock, hours=4, minutes=1)

    assert is_asked_again(mine)


@pytest.mark.parametrize("stamp", [0, None, "future"])
def test_a_proof_of_no_time_or_of_the_future(visitor, maya, app, clock, stamp):
    """S35."""
    visitor.sign_in(maya)
    session = visitor.client.session
    at_ = {"future": timezone.now().timestamp() + 3600}.get(stamp, stamp)
    session["proved"] = {"at": at_, "ip": CAFE} if stamp is not None else {}
    session.save()

    assert is_asked_again(visitor)


def test_acting_with_a_proof_that_is_long_overdue(visitor, maya, app, clock):
    """What was being typed at four hours may still be sent for half an hour."""
    visitor.sign_in(maya)
    be_here(visitor, clock, hours=4, minutes=29)
    assert visitor.post("/travel/start/", {"lateness": "not-yet"}).status_code == 200
    be_here(visitor, clock, minutes=2)

    response = visitor.post("/travel/start/", {"lateness": "not-yet"})

    assert response.status_code == 403
    assert "Your last code is too old for this" in response.content.decode()


@pytest.mark.parametrize(
    "way", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example", ""]
)
def test_being_led_away_by_the_page_that_asks_again(visitor, maya, app, clock, way):
    """S21."""
    visitor.sign_in(maya)
    clock.forward(minutes=1)

    response = visitor.client.post(f"/mfa/prove-again/?next={way}", {"proof-code": code_of(app)})

    assert response["Location"] == "/"


@pytest.mark.parametrize(
    "network",
    ["0.0.0.0/0", "::/0", "51.0.0.0/8", "2001::/16", "10.0.0.0/16", "192.168.1.0/24", "127.0.0.1/32", "172.16.0.0/16",
     "::1/128", "fd00::/32", "fe80::/64", "100.64.0.0/16", "51.149.8.20/24", "office", ""],
)  # fmt: skip
def test_a_list_that_holds_everybody(settings, network):
    """S46: half the world, the proxy's own range, or a slip of the finger."""
    settings.PORTAL_KNOWN_NETWORKS = ["51.149.8.0/24", network]

    assert "door.E009" in [found.id for found in run_checks()]


def test_a_list_of_offices_is_in_order():
    assert "door.E009" not in [found.id for found in run_checks()]


def test_the_list_of_known_networks_is_read_in_one_place():
    """R353, R354: it lengthens one wait, and keeps one letter from being sent; nobody else may ask it."""
    root = django_settings.BASE_DIR
    sources = {
        path.relative_to(root).as_posix(): path.read_text()
        for folder in ("portal", "travel")
        for path in (root / folder).rglob("*.py")
    }

    readers = {path for path, text in sources.items() if "PORTAL_KNOWN_NETWORKS" in text}
    askers = {path for path, text in sources.items() if "is_known_network" in text}
    judges = {path for path, text in sources.items() if "reverify_after" in text}

    assert readers == {"portal/settings.py", "portal/mfa/checks.py", "portal/mfa/policy.py"}
    assert askers == {"portal/mfa/policy.py"}
    assert judges == {"portal/mfa/policy.py", "portal/mfa/sessions.py"}


# Addresses that somebody made up --------------------------------------------------------------------------------------

FORGED = [
    {"HTTP_X_FORWARDED_FOR": OFFICE},
    {"HTTP_FORWARDED": f"for={OFFICE}"},
    {"HTTP_X_REAL_IP": OFFICE},
    {"HTTP_CF_CONNECTING_IP": OFFICE},
    {"HTTP_TRUE_CLIENT_IP": OFFICE},
]


@pytest.mark.parametrize("header", FORGED)
def test_entering_a_known_network_by_a_header(maya, app, clock, header):
    """S22: with no proxy of ours, no header says where somebody is."""
    outside = Visitor(Client(REMOTE_ADDR=CAFE, **header))
    outside.sign_in(maya)
    be_here(outside, clock, hours=4, minutes=1)

    assert is_asked_again(outside)


def test_entering_a_known_network_through_our_own_proxy(maya, app, clock, settings):
    """S22: the proxy adds the address that it saw at the end; what stands before it is the visitor's own tale."""
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    outside = Visitor(Client(REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=f"{OFFICE}, {CAFE}"))
    outside.sign_in(maya)
    be_here(outside, clock, hours=4, minutes=1)

    assert is_asked_again(outside)
    assert Event.objects.get(action="door.signed_in").source_ip == CAFE


def count_of_refusals(visitors: list[Visitor]) -> int:
    """Try a wrong password for a different address each time; return how many were not even tried."""
    answers = [
        one.give_password(f"nobody{number}@justice.example", "wrong horse").content.decode()
        for number, one in enumerate(visitors)
    ]
    return sum("There were too many wrong passwords" in answer for answer in answers)


@pytest.mark.parametrize("header", FORGED)
def test_spraying_passwords_under_a_new_address_each_time(header, clock):
    """S22, S23."""
    name = next(iter(header))
    visitors = [Visitor(Client(REMOTE_ADDR=CAFE, **{name: f"203.0.113.{number}"})) for number in range(22)]

    assert count_of_refusals(visitors) == 2


def test_spraying_passwords_from_all_over_one_ipv6_network(clock):
    """S22: whoever has one /64 has eighteen trillion million addresses."""
    visitors = [Visitor(Client(REMOTE_ADDR=f"2a00:23c5:1:2:{number:x}::{number:x}")) for number in range(22)]

    assert count_of_refusals(visitors) == 2


def test_two_ipv6_networks_do_not_share_a_limit(clock):
    visitors = [Visitor(Client(REMOTE_ADDR=f"2a00:23c5:1:{number % 2}::1")) for number in range(22)]

    assert count_of_refusals(visitors) == 0


def test_locking_everybody_out_where_ipv4_is_written_as_ipv6(maya, app, clock):
    """S22: all such addresses lie in one /64, yet each is its own."""
    count_of_refusals([Visitor(Client(REMOTE_ADDR="::ffff:196.201.214.9")) for _ in range(22)])
    inside = Visitor(Client(REMOTE_ADDR=f"::ffff:{OFFICE}"))

    inside.sign_in(maya)

    be_here(inside, clock, hours=5)
    assert is_open(inside)
    cache.clear()
