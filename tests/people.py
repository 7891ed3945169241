"""The cast: people for tests, each past the second factor when signed in."""

import datetime
import time
from dataclasses import dataclass, fields

from django.conf import settings
from django.test import Client
from django.utils import timezone
from django_otp.oath import hotp

from portal.accounts.models import (
    BusinessArea,
    ClearanceLevel,
    HeldClearance,
    PostHolder,
    Role,
    RoleHeld,
    SeniorCivilServant,
    User,
)
from portal.mfa.models import TOTP

LONG_AGO = datetime.date(2020, 1, 1)


def person(name: str, *, area: str = "hmcts", manager: User | None = None, **fields) -> User:
    """Make somebody called ``name``, whose address is made of it."""
    return User.objects.create(
        email=f"{name.lower().replace(' ', '.')}@example.justice.test",
        full_name=name,
        business_area=BusinessArea.objects.get(key=area),
        line_manager=manager,
        enrolment_open=False,
        **fields,
    )


def give_role(user: User, role: Role, *, from_on: datetime.date = LONG_AGO, to_on: datetime.date | None = None) -> User:
    RoleHeld.objects.create(person=user, role=role, from_on=from_on, to_on=to_on, reason="for the test")
    user.__dict__.pop("roles", None)
    return user


def make_senior(user: User, *, from_on: datetime.date = LONG_AGO, to_on: datetime.date | None = None) -> User:
    SeniorCivilServant.objects.create(person=user, from_on=from_on, to_on=to_on)
    return user


def make_governor(user: User, area: str = "hmp-example-hill", *, from_on: datetime.date = LONG_AGO) -> User:
    PostHolder.objects.create(business_area=BusinessArea.objects.get(key=area), person=user, from_on=from_on)
    return user


def clear(user: User, level: str, *, to_on: datetime.date | None = None) -> User:
    HeldClearance.objects.create(
        person=user, level=ClearanceLevel.objects.get(key=level), from_on=LONG_AGO, to_on=to_on
    )
    return user


@dataclass
class Cast:
    """One person for each part that the portal knows, around one traveller of HMCTS."""

    traveller: User
    manager: User
    senior: User
    colleague: User
    security: User
    second_security: User
    operations: User
    vetting: User
    auditor: User
    user_administrator: User
    service_desk: User
    governor: User
    deputy_governor: User
    officer: User
    unrouted: User
    superuser: User

    def __iter__(self):
        return (getattr(self, field.name) for field in fields(self))


def make_cast() -> Cast:
    """Make everybody; it takes some forty short statements."""
    senior = make_senior(person("Sana Senior", grade="Deputy director"))
    manager = person("Mark Manager", manager=senior, grade="Grade 7")
    governor = make_governor(person("Gwen Governor", area="hmp-example-hill", grade="Governor"))
    deputy = person("Dev Deputy", area="hmp-example-hill", manager=governor, grade="Deputy governor")
    return Cast(
        traveller=clear(person("Tess Traveller", manager=manager, grade="HEO"), "sc"),
        manager=manager,
        senior=senior,
        colleague=person("Carl Colleague", manager=manager),
        security=give_role(person("Sol Security", area="moj-hq"), Role.MOJ_SECURITY),
        second_security=give_role(person("Sue Security", area="moj-hq"), Role.MOJ_SECURITY),
        operations=give_role(person("Olga Operations", area="moj-hq"), Role.OPERATIONAL_SECURITY),
        vetting=give_role(person("Vik Vetting", area="moj-hq"), Role.VETTING_OFFICER),
        auditor=give_role(person("Ada Auditor", area="moj-hq"), Role.AUDITOR),
        user_administrator=give_role(person("Uma Useradmin", area="moj-hq"), Role.USER_ADMINISTRATOR),
        service_desk=give_role(person("Dan Desk", area="moj-hq"), Role.SERVICE_DESK),
        governor=governor,
        deputy_governor=clear(deputy, "bpss"),
        officer=clear(person("Olu Officer", area="hmp-example-hill", manager=deputy), "bpss"),
        unrouted=clear(person("Nia Nowhere", area="legal-aid-example", manager=manager), "bpss"),
        superuser=person("Root Root", area="moj-hq", is_staff=True, is_superuser=True),
    )


def sign_in(client: Client, user: User) -> Client:
    """Give the client a session as the door would make it: signed in, proved just now."""
    device = TOTP.objects.filter(user=user).first() or TOTP.objects.create(user=user, name="app", confirmed=True)
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    session, now = client.session, time.time()
    session.update(
        {
            "otp_device_id": device.persistent_id,
            "signed_in_at": now,
            "seen_at": now,
            "bar_on": timezone.localdate().isoformat(),
            "proved": {"at": now, "device": device.persistent_id},
        }
    )
    session.save()
    return client


def phone_of(user: User) -> str:
    """What the authenticator app of somebody signed in shows now."""
    app = TOTP.objects.get(user=user, confirmed=True)
    return f"{hotp(app.bin_key, int(time.time()) // 30):06}"
