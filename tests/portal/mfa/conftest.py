"""People at the door, their apps, and a clock that only the test moves."""

import json
import re
import time
from dataclasses import dataclass, field

import pytest
import time_machine
from django.contrib.sessions.backends.db import SessionStore
from django.core import mail
from django.core.cache import cache
from django.test import Client, RequestFactory
from django_otp.oath import hotp

from portal import crypto
from portal.accounts.models import User
from portal.audit.models import Event
from portal.mfa import actions, keys, policy
from portal.mfa.models import TOTP
from portal.notifications import delivery
from portal.notifications.models import Message
from tests.softkey import SoftKey

PASSWORD = "correct horse battery staple"


class Clock:
    def __init__(self, travel):
        self.travel = travel

    def forward(self, **parts: float) -> None:
        seconds = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
        self.travel.shift(sum(number * seconds[unit] for unit, number in parts.items()))


@pytest.fixture
def clock():
    """A Monday morning, five seconds into a step of the codes."""
    with time_machine.travel("2027-03-01 09:00:05+00:00", tick=False) as travel:
        yield Clock(travel)


def code_of(device: TOTP, steps: int = 0) -> str:
    """What the phone shows, now or some steps away."""
    return f"{hotp(device.bin_key, int(time.time()) // 30 + steps):06}"


def wrong_code(device: TOTP) -> str:
    """A code that no step near now has."""
    near = {code_of(device, steps) for steps in range(-3, 4)}
    return next(code for code in ("000000", "111111", "222222", "333333") if code not in near)


def sent_code(user: User, template: str = "sign-in-code") -> str:
    """The newest code that was sent to this person, as their mailbox or phone would show it."""
    message = Message.objects.filter(recipient=user, template=template).latest("pk")
    return json.loads(crypto.unseal(message.sealed, owner=message.dedupe_key))["secret"]["code"]


@dataclass
class Visitor:
    """A browser, and whoever sits at it."""

    client: Client = field(default_factory=Client)

    def get(self, path: str, **extra):
        return self.client.get(path, **extra)

    def post(self, path: str, data: dict | None = None, **extra):
        return self.client.post(path, data or {}, **extra)

    def give_password(self, user: User | str, password: str = PASSWORD, **extra):
        return self.post("/accounts/login/", {"login": getattr(user, "email", user), "password": password}, **extra)

    def give_code(self, code: str, **extra):
        return self.post("/mfa/verify/", {"code": code}, **extra)

    def start_enrolment(self, user: User) -> TOTP:
        """As far as the QR code: the password, then the code that went to the mailbox."""
        assert self.give_password(user)["Location"] == "/mfa/enrol/"
        assert self.post("/mfa/enrol/", {"code": sent_code(user)})["Location"] == "/mfa/enrol/"
        return TOTP.objects.get(user=user, confirmed=False)

    def challenge(self, purpose: str, **extra) -> dict:
        """What the page's script hands to a key."""
        response = self.post("/mfa/key/challenge/", {"purpose": purpose}, **extra)
        assert response.status_code == 200, response.content.decode()
        return response.json()["publicKey"]

    def give_key(self, key: SoftKey, **lies):
        return self.post("/mfa/verify/", {"key_answer": key.sign(self.challenge("sign_in"), **lies)})

    def sign_in(self, user: User, **extra):
        """All the way, with the code that the phone shows."""
        assert self.give_password(user, **extra)["Location"] == "/mfa/verify/"
        response = self.give_code(code_of(policy.authenticator_app(user)), **extra)
        assert self.is_in, response.content.decode()
        return response

    @property
    def is_in(self) -> bool:
        return "_auth_user_id" in self.client.session


@pytest.fixture(autouse=True)
def quiet(settings):
    """Keep letters in memory."""
    settings.PORTAL_MAIL_TRANSPORT = "smtp"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture(autouse=True)
def no_counts(db):
    cache.clear()


def make_person(email: str, **facts) -> User:
    user = User.objects.create_user(email, PASSWORD, **{"full_name": email.split("@")[0].title(), **facts})
    actions.verify_address(user)
    return user


def give_app(user: User) -> TOTP:
    device = actions.start_app(user)
    device.recovery = actions.enrol(device=device)
    user.refresh_from_db()
    return device


def give_key(user: User, key: SoftKey | None = None, name: str = "Blue key") -> SoftKey:
    """Add a key as the page does, by a browser of its own."""
    key = key or SoftKey()
    request = RequestFactory().post("/")
    request.session, request.user = SessionStore(), user
    options = keys.challenge(request, user, keys.Purpose.ADD)
    keys.add(request, user, name=name, answer=key.create(options))
    return key


@pytest.fixture
def newcomer(db) -> User:
    """Has a password and nothing else yet."""
    return make_person("newcomer@justice.example")


@pytest.fixture
def maya(db) -> User:
    user = make_person("maya@justice.example")
    give_app(user)
    return user


@pytest.fixture
def app(maya) -> TOTP:
    return policy.authenticator_app(maya)


@pytest.fixture
def recovery_codes(maya) -> list[str]:
    return actions.recovery_device(maya).renew()


@pytest.fixture
def administrator(db) -> User:
    user = make_person("administrator@justice.example", is_staff=True, is_superuser=True)
    give_app(user)
    return user


@pytest.fixture
def visitor() -> Visitor:
    return Visitor()


@pytest.fixture
def another() -> Visitor:
    return Visitor()


def link_of(subject: str) -> str:
    """Send what is owed, and return the path that the newest letter of this subject leads to."""
    delivery.deliver_due()
    letter = [letter for letter in mail.outbox if letter.subject == subject][-1]
    return re.search(r": http://127\.0\.0\.1:8000(/\S+)", letter.body)[1]


def actions_of(user: User) -> list[str]:
    """What the audit log says of this person, in order."""
    return list(Event.objects.filter(target_id=str(user.pk)).order_by("id").values_list("action", flat=True))
