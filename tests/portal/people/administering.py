"""How a test gives roles in a browser: with the code that the phone shows."""

import datetime

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import Role, User
from portal.audit.models import Event
from portal.mfa.models import TOTP
from portal.people.actions import roles
from portal.people.actions.imports import import_people
from portal.people.imports import plan_of
from portal.people.models import RoleProposal
from tests.people import give_role, person, sign_in
from tests.portal.mfa.conftest import code_of
from tests.travel.pages import page

DAY = datetime.timedelta(days=1)


def today() -> datetime.date:
    return timezone.localdate()


def give_app(user: User) -> User:
    TOTP.objects.get_or_create(user=user, name="app", confirmed=True)
    return user


def another_administrator(name: str = "Una Useradmin") -> User:
    return give_app(give_role(person(name, area="moj-hq"), Role.USER_ADMINISTRATOR))


def area_administrator(area, name: str = "Amir Areaadmin") -> User:
    user = person(name, area=area.key)
    user.roles_held.create(
        role=Role.AREA_ADMINISTRATOR, business_area=area, from_on=today() - DAY, reason="for the test"
    )
    return user


def send(user: User, url: str, **answers: object):
    """Sign in, open the page, answer it, prove oneself, and send it."""
    browser = sign_in(Client(), User.objects.get(pk=user.pk))  # As they are now: their sessions may have ended.
    device = TOTP.objects.get(user=user)
    TOTP.objects.filter(pk=device.pk).update(last_t=-1)
    return browser.post(url, page(browser, url).form(**({"proof__code": code_of(device)} | answers)))


def day(name: str, on: datetime.date) -> dict[str, str]:
    return {f"{name}_day": str(on.day), f"{name}_month": str(on.month), f"{name}_year": str(on.year)}


def url(name: str, *args: object) -> str:
    return reverse(f"people:{name}", args=args)


def propose(subject: User, by: User, role: Role = Role.POLICY_ADMINISTRATOR, **facts: object) -> RoleProposal:
    return roles.propose_role(
        give_app(subject), role=role, by=by, **({"from_on": today(), "reason": "For the project."} | facts)
    )


def imported(text: str, by: User) -> Event:
    """Import a file as it was shown, and return the event that tells of it."""
    return Event.objects.get(pk=import_people(text, digest=plan_of(text, by=by).digest, by=by))
