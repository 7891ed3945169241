"""Nobody with a role goes without a strong factor unnoticed (R349)."""

import pytest

from portal.accounts.models import Role
from portal.audit.models import Event
from portal.mfa import watch
from portal.mfa.models import TOTP, EmailCode, SecurityKey
from portal.notifications.models import Message
from tests.people import LONG_AGO, give_role, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def uma():
    user = give_role(person("Uma Useradmin"), Role.USER_ADMINISTRATOR)
    TOTP.objects.create(user=user, confirmed=True, name="App")
    return user


def test_a_role_without_a_strong_factor_is_reported_once_a_day(uma):
    weak = give_role(person("Wes Weak"), Role.AUDITOR)
    EmailCode.objects.create(user=weak, confirmed=True, name="Email codes")
    TOTP.objects.create(user=weak, confirmed=False, name="App")

    assert watch.report() == 1
    assert watch.report() == 1

    assert [message.recipient for message in Message.objects.all()] == [uma]
    assert set(Event.objects.filter(action="door.privileged_without_factor").values_list("target", flat=True)) == {
        "Wes Weak"
    }


def test_whoever_has_a_key_or_no_role_or_has_left_is_not_reported(uma):
    keyed = give_role(person("Kay Keyed"), Role.AUDITOR)
    SecurityKey.objects.create(user=keyed, confirmed=True, name="Key", credential_id=b"1", public_key=b"1")
    person("Nobody Special")
    give_role(person("Len Left", is_active=False), Role.AUDITOR)
    give_role(person("Ed Ended"), Role.AUDITOR, to_on=LONG_AGO)

    assert watch.report() == 0

    assert not Message.objects.exists()


def test_a_superuser_is_reported_too(uma):
    root = person("Root Root", is_superuser=True)

    assert watch.privileged_without_a_strong_factor() == [root]
