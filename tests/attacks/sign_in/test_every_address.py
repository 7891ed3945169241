"""A visitor, and whoever stopped half way, tries every address of the site: it is closed unless it says otherwise.

The addresses come from the site itself, so a new page is walked from its first day on.  What is open to strangers
stands below with the reason; a page that opens itself without standing there fails.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import get_resolver, resolve

from portal.accounts.models import BusinessArea, User
from portal.mfa import policy
from portal.mfa.middleware import WHILE_REPLACING
from portal.mfa.models import EmailCode, SignInState
from tests.factories import a_draft
from tests.matrix import ARGUMENTS, PUBLIC
from tests.portal.mfa.conftest import Visitor, give_app, make_person

pytestmark = pytest.mark.django_db

FRONT_DOORS = ("/accounts/login/", "/admin/login/")  # The second leads to the first.
METHODS = ("get", "post", "head", "options")

#: Open to strangers beside the public pages, and why.
OPEN = {
    "mfa:enrol": "a step of a pending sign-in: nobody is signed in yet",
    "mfa:verify": "a step of a pending sign-in",
    "mfa:recovery": "a step of a pending sign-in",
    "mfa:recovery_by_phone": "a step of a pending sign-in",
    "mfa:lost": "a step of a pending sign-in",
    "mfa:blocked": "says that an administrator has to help, to whoever has no factor",
    "mfa:confirm_address": "the link in a letter proves the mailbox, in whichever browser",
    "account_confirm_email": "the same, as allauth has it",
    "account_email_verification_sent": "says that such a letter was sent",
    "mfa:stay": "a page's script asks, also after the session ended: says nothing to a stranger",
    "mfa:alive": "a page's script asks, also after the session ended: says nothing to a stranger",
    "mfa:key_challenge": "a step of a pending sign-in: what its key signs",
    "sso:start": "leads to single sign-on, which comes first",
    "sso:return": "the way back from there",
    "admin:login": "leads to the front door",
    "account_signup": "gone",
    "account_reauthenticate": "gone",
    "account_email": "gone",
    "account_set_password": "gone",
    "account_inactive": "gone",
    "account_confirm_login_code": "gone",
}

#: The pages of each step of a pending sign-in, for whoever is there.
STEPS = {"app": {"mfa:verify", "mfa:recovery", "mfa:lost"}, "newcomer": {"mfa:enrol", "mfa:lost"}}


@dataclass(frozen=True)
class Page:
    name: str
    path: str
    view: Callable

    @property
    def is_open(self) -> bool:
        return not getattr(self.view, "login_required", True)


def pages(resolver=None, prefix: str = "", namespace: str = "") -> Iterator[Page]:
    """Yield every route once, by the view that answers: of two routes with one pattern the first does."""
    for pattern in (resolver or get_resolver()).url_patterns:
        path = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from pages(pattern, path, f"{pattern.namespace}:" if pattern.namespace else namespace)
        else:
            yield Page(f"{namespace}{pattern.name}", path, pattern.callback)


PAGES = {page.path: page for page in reversed(list(pages()))}.values()


def address(page: Page, trip: str, person: int) -> str:
    """Return an address of this page, of records that are there."""
    values = {
        "reference": trip, "section": "purpose", "stage": "line_manager", "key": "x-y", "uidb36": "1", "token": "x:y:z",
        "url": "accounts/user/", "object_id": person, "content_type_id": 1, "app_label": "accounts",
    }  # fmt: skip
    values |= ARGUMENTS.get(page.name, {})

    def value(found: re.Match) -> str:
        return str(values.get(found[1], person))

    path = re.sub(r"\(\?P<(\w+)>[^)]*\)", value, page.path)
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", value, path).replace("^", "").replace("$", "")


class Browser(Client):
    """Goes to every page with the session that it has now, however the page before ended that."""

    def keep(self) -> None:
        self.row = Session.objects.filter(session_key=self.cookies[settings.SESSION_COOKIE_NAME].value).first()

    def open(self, method: str, path: str):
        if self.row:
            self.row.save()
            self.cookies[settings.SESSION_COOKIE_NAME] = self.row.session_key
        return getattr(self, method)(path)


def browser_of(visitor: Visitor) -> Browser:
    browser = Browser()
    browser.cookies, browser.row = visitor.client.cookies, None
    if settings.SESSION_COOKIE_NAME in browser.cookies:
        browser.keep()
    return browser


def where(response) -> str:
    """Say in a word where an answer leads."""
    target = response.headers.get("Location", "").partition("?")[0]
    if target:
        return "sign in" if target in FRONT_DOORS else target
    return str(response.status_code)


def facts() -> list:
    """What an attacker would change: everything but the record of it, sessions, and counts."""
    witnesses = {"audit.Event", "sessions.Session", "usersessions.UserSession", "notifications.Message"}
    models = [model for model in apps.get_models() if model._meta.label not in witnesses and not model._meta.proxy]
    return [(model._meta.label, list(model._base_manager.order_by("pk").values())) for model in models]


@pytest.fixture
def person(clock) -> User:
    user = make_person("maya@justice.example", business_area=BusinessArea.objects.get(key="hmcts"))
    give_app(user)
    return user


@pytest.fixture
def addresses(person) -> list[tuple[Page, str]]:
    trip = a_draft(person).reference
    return [(page, address(page, trip, person.pk)) for page in PAGES]


def signed_in_by_hand(user: User, device=None) -> Visitor:
    """A session that something made past the steps of the door."""
    visitor, now = Visitor(), time.time()
    visitor.client.force_login(user)
    session = visitor.client.session
    session.update({"signed_in_at": now, "seen_at": now})
    if device is not None:
        proved = {"at": now, "device": device.persistent_id, "ip": "127.0.0.1"}
        session.update({"otp_device_id": device.persistent_id, "proved": proved})
    session.save()
    return visitor


def nobody(person: User) -> Visitor:
    return Visitor()


def with_the_password_only(person: User) -> Visitor:
    visitor = Visitor()
    assert visitor.give_password(person)["Location"] == "/mfa/verify/"
    return visitor


def new_with_the_password_only(person: User) -> Visitor:
    visitor = Visitor()
    assert visitor.give_password(make_person("newcomer@justice.example"))["Location"] == "/mfa/enrol/"
    return visitor


def signed_in_without_a_second_factor(person: User) -> Visitor:
    return signed_in_by_hand(person)


def administrator_with_an_email_code(person: User) -> Visitor:
    administrator = make_person("administrator@justice.example", is_staff=True, is_superuser=True)
    device = EmailCode.objects.create(user=administrator, confirmed=True, name="Email codes")
    return signed_in_by_hand(administrator, device)


def test_nothing_is_open_that_does_not_stand_here():
    """S1: a page without a decision is closed, and one that opens itself is named with its reason."""
    assert {page.name for page in PAGES if page.is_open} == PUBLIC | OPEN.keys()


@pytest.mark.parametrize(
    ("who", "own"),
    [
        (nobody, set()),
        (with_the_password_only, STEPS["app"]),
        (new_with_the_password_only, STEPS["newcomer"]),
        (signed_in_without_a_second_factor, set()),
        (administrator_with_an_email_code, set()),
    ],
)
def test_whoever_has_no_second_factor_gets_to_sign_in_and_no_further(person, addresses, who, own):
    """S1, S2, S3, S49: every address by GET, POST, HEAD and OPTIONS; the public pages, and those of one's own step."""
    browser = browser_of(who(person))
    before, let_in = facts(), {}

    for page, path in addresses:
        for method in METHODS:
            response = browser.open(method, path)
            if page.name in PUBLIC | own:
                continue
            # What was posted in a session that ended is shown once more, to whoever posted it, and does nothing.
            was_ended = response.status_code == 403 and method == "post" and b"signed out" in response.content
            if page.is_open:
                is_shut = where(response) in {"sign in", "200", "403", "404", "405"}
                is_shut = is_shut and b"Maya" not in response.content
            else:
                is_shut = where(response) == "sign in" or was_ended
            if not is_shut:
                let_in[page.name, method] = where(response)

    assert let_in == {}
    assert facts() == before


def test_a_session_of_a_recovery_code_gets_to_the_new_app_and_no_further(person, addresses):
    """S28: by every method; what else is public stays so."""
    browser = browser_of(signed_in_by_hand(person, policy.authenticator_app(person)))
    SignInState.objects.filter(user=person).update(must_replace=True)
    let_in = {}

    for page, path in addresses:
        for method in METHODS:
            response = browser.open(method, path)
            if page.name in WHILE_REPLACING:
                continue
            if page.name in PUBLIC | OPEN.keys():
                is_shut = response.status_code in (403, 404, 405) or where(response) in {"/mfa/replace/", "/"}
                is_shut = is_shut or page.is_open
            else:
                is_shut = where(response) == "/mfa/replace/" or (method == "post" and response.status_code == 403)
            if not is_shut:
                let_in[page.name, method] = where(response)

    assert let_in == {}


def test_the_same_addresses_answer_whoever_is_signed_in(person, addresses):
    """S1: what was closed above was closed by the door, and not by a slip in the address."""
    browser = browser_of(signed_in_by_hand(person, policy.authenticator_app(person)))
    wrong = {}

    for page, path in addresses:
        for method in METHODS:
            response = browser.open(method, path)
            signs_out = page.name in ("account_logout", "admin:logout") and method == "post"
            is_sent_away = response.headers.get("Location", "").startswith("/accounts/login/")
            if response.status_code >= 500 or (is_sent_away and not signs_out):
                wrong[page.name, method] = where(response)

    assert wrong == {}


@pytest.mark.parametrize("spoil", [
    lambda path: path.rstrip("/"),
    lambda path: path + "/",
    lambda path: "/" + path,
    lambda path: path.upper(),
    lambda path: path + ".",
    lambda path: path[:-1] + "%2f",
    lambda path: path[:-1] + ";/",
    lambda path: path + "index.html",
    lambda path: "/static/.." + path,
    lambda path: "/accounts/login/.." + path,
])  # fmt: skip
def test_another_spelling_of_an_address_opens_nothing(client, addresses, spoil):
    """S1: without the slash, with two, in capitals, through a public folder."""
    let_in = {}

    for page, path in addresses:
        if page.name in PUBLIC | OPEN.keys() or page.name.startswith("admin:"):
            continue
        response, ends = client.get("/", PATH_INFO=spoil(path)), spoil(path)
        if response.status_code == 301:  # It lacks nothing but a slash.
            ends = response["Location"]
            response = client.get(ends)
        is_shut = response.status_code == 404 or where(response) == "sign in"
        if not is_shut and resolve(ends).view_name not in OPEN:
            let_in[spoil(path)] = where(response)

    assert let_in == {}


@pytest.mark.parametrize(
    "path",
    [
        "/static/", "/static/portal/", "/static/../manage.py", "/static/%2e%2e/portal/settings.py", "/staticfiles/",
        "/var/portal.sqlite3", "/.git/config", "/.env", "/media/", "/accounts/", "/accounts/login", "/accounts/x/",
        "/accounts/2fa/", "/accounts/social/login/cancelled/", "/accounts/oidc/entra/login/", "/mfa/", "/webauthn/",
        "/api/", "/__debug__/", "/robots.txt",
    ],
)  # fmt: skip
def test_a_guessed_address_is_not_there(client, path):
    """S1: the names that scanners try, and those of packages that the portal uses."""
    assert where(client.get(path)) in {"404", "sign in"}


@pytest.mark.parametrize("path", ["/admin/jsi18n/", "/admin/autocomplete/", "/admin/r/1/1/", "/admin/doc/", "/admin/x"])
def test_the_corners_of_the_admin_site_are_as_shut_as_its_front(client, path):
    """S1, S49."""
    assert where(client.get(path)) == "sign in"
