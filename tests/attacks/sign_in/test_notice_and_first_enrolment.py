"""A leaked password of somebody new, and a date that comes before people were told."""

import datetime

import pytest

from portal.accounts.models import BusinessArea, Role, User
from portal.mfa import rules
from portal.mfa.areas import What
from portal.mfa.models import TOTP, FactorRule
from tests.people import give_role, person
from tests.portal.mfa.conftest import code_of, sent_code
from tests.portal.people.administering import today

pytestmark = pytest.mark.django_db

DAY = datetime.timedelta(days=1)


def test_setting_up_ones_own_phone_with_the_password_of_somebody_new(visitor, newcomer, clock):
    """S5: without what went to the mailbox there is no QR code to scan, and no code of any app counts."""
    visitor.give_password(newcomer)
    planned = TOTP.objects.get(user=newcomer)

    shown = visitor.get("/mfa/enrol/").text
    visitor.post("/mfa/enrol/", {"code": code_of(planned)})
    visitor.post("/mfa/enrol/", {"email_codes": ""})

    assert "app-key" not in shown
    assert not visitor.is_in
    newcomer.refresh_from_db()
    assert newcomer.enrolment_open
    assert not TOTP.objects.filter(user=newcomer, confirmed=True).exists()


def test_using_the_mailbox_code_of_another_attempt(visitor, another, newcomer, clock):
    """S5: it belongs to the browser that asked for it."""
    another.give_password(newcomer)
    code = sent_code(newcomer)
    clock.forward(seconds=61)
    visitor.give_password(newcomer)

    visitor.post("/mfa/enrol/", {"code": code})

    assert "app-key" not in visitor.get("/mfa/enrol/").text


@pytest.fixture
def uma(clock) -> User:
    return give_role(person("Uma Useradmin", area="moj-hq"), Role.USER_ADMINISTRATOR)


@pytest.mark.parametrize("days", [0, 1, 41])
def test_demanding_keys_of_everybody_before_they_were_told(uma, days):
    """S48: the centre gives six weeks."""
    area = BusinessArea.objects.get(key="hmpps")

    with pytest.raises(rules.WrongDay):
        rules.set_rule(
            area, what=What.KEYS_ONLY, is_on=True, from_on=today() + days * DAY, reason="For the test.", by=uma
        )

    assert not FactorRule.objects.exists()


def test_bringing_an_announced_date_forward(uma):
    """S48: those who were told a day may rely on it."""
    area = BusinessArea.objects.get(key="hmpps")
    facts = {"what": What.KEYS_ONLY, "is_on": True, "reason": "For the test.", "by": uma}
    rules.set_rule(area, from_on=today() + 100 * DAY, **facts)

    with pytest.raises(rules.WrongDay):
        rules.set_rule(area, from_on=today() + 50 * DAY, **facts)

    assert FactorRule.objects.get(is_on=True).from_on == today() + 100 * DAY
