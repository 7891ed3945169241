"""When all else is down: one code for one sign-in, asked for by two named people and told to everybody."""

import io
import re

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from portal.accounts.models import Role, User
from portal.audit.models import Event
from portal.mfa import actions, break_glass, policy
from portal.mfa.models import TOTP, BreakGlassCode, SignInState
from portal.notifications.models import Message
from tests.people import give_role, person
from tests.portal.mfa.conftest import Visitor, actions_of, code_of
from tests.portal.mfa.pages import recover, replace_app

pytestmark = pytest.mark.django_db


@pytest.fixture
def uma(db) -> User:
    return give_role(person("Uma Useradmin", area="moj-hq"), Role.USER_ADMINISTRATOR)


@pytest.fixture
def two(db) -> tuple[User, User]:
    return person("Ann One"), person("Ben Two")


def run(person: User, by: User, and_by: User, reason: str = "Nobody can sign in.") -> str:
    out = io.StringIO()
    call_command(
        "break_glass", person.email, "--by", by.email, "--and", and_by.email, "--reason", reason,
        stdout=out, stderr=io.StringIO(),
    )  # fmt: skip
    return out.getvalue().strip()


def test_the_code_leads_to_the_page_that_sets_up_a_new_app_and_nowhere_else(visitor, maya, app, two, clock):
    """S28: after it everything else that signed the person in stops working, and the row of the code is gone."""
    earlier = actions.recovery_device(maya).renew()
    code = run(maya, *two)

    recover(visitor, maya, code)

    assert re.fullmatch(r"([a-z0-9]{4}-){5}[a-z0-9]{4}", code)
    assert visitor.get("/")["Location"] == "/mfa/replace/"
    assert visitor.post("/accounts/password/change/", {}).status_code == 403
    replace_app(visitor, maya)
    assert visitor.get("/").status_code == 200
    assert not BreakGlassCode.objects.filter(name=BreakGlassCode.NAME).exists()
    assert not TOTP.objects.filter(pk=app.pk).exists()
    another = Visitor()
    recover(another, maya, earlier[0])
    assert not another.is_in


def test_it_is_written_down_with_both_names_and_told_to_everybody_concerned(visitor, maya, uma, two, clock):
    code = run(maya, *two, reason="The directory is down.")

    recover(visitor, maya, code)

    event = Event.objects.get(action="door.break_glass")
    assert (event.actor, event.target_id) == ("", str(maya.pk))
    for words in (*(one.email for one in two), "The directory is down."):
        assert words in event.details
    assert code not in event.details
    told = set(Message.objects.filter(template="break_glass_told").values_list("recipient", flat=True))
    assert told == {one.pk for one in (*two, uma)}
    assert Message.objects.filter(template="break_glass_made", recipient=maya).exists()
    assert Message.objects.filter(template="break_glass_used", recipient=maya).exists()
    assert actions_of(maya)[-2:] == ["door.break_glass_used", "door.signed_in"]


def test_it_works_once(maya, two, clock):
    code = run(maya, *two)
    first, second = Visitor(), Visitor()

    recover(first, maya, code)
    recover(second, maya, code)

    assert (first.is_in, second.is_in) == (True, False)


def test_it_works_for_half_an_hour(visitor, maya, two, clock):
    code = run(maya, *two)
    clock.forward(minutes=30)

    recover(visitor, maya, code)

    assert not visitor.is_in
    break_glass.forget_overdue()
    assert not BreakGlassCode.objects.filter(name=BreakGlassCode.NAME).exists()


def test_a_newer_code_ends_the_earlier_one(visitor, maya, two, clock):
    earlier = run(maya, *two)
    run(maya, *two)

    recover(visitor, maya, earlier)

    assert not visitor.is_in
    assert BreakGlassCode.objects.filter(name=BreakGlassCode.NAME).count() == 1


def test_whoever_set_up_the_app_slowly_keeps_the_session_and_the_row_goes_in_the_end(visitor, maya, two, clock):
    recover(visitor, maya, run(maya, *two))
    clock.forward(minutes=29)
    assert visitor.get("/mfa/replace/").status_code == 200
    clock.forward(minutes=10)

    break_glass.forget_overdue()

    assert visitor.get("/mfa/replace/").status_code == 200
    clock.forward(minutes=30)
    break_glass.forget_overdue()
    assert not BreakGlassCode.objects.filter(name=BreakGlassCode.NAME).exists()


def test_it_lets_in_somebody_with_no_factor_left_and_somebody_locked_out(visitor, maya, two, clock):
    actions.forget_factors(maya)
    SignInState.objects.update_or_create(user=maya, defaults={"failures": 30, "last_failure_at": timezone.now()})

    recover(visitor, maya, run(maya, *two))

    assert visitor.is_in


def test_recovery_codes_are_counted_apart_from_it(maya, two, clock):
    actions.recovery_device(maya).renew()

    run(maya, *two)

    assert policy.recovery_codes(maya).left == 10


@pytest.mark.parametrize("fault", ["alone", "oneself", "a leaver asks", "nobody", "no reason", "for a leaver"])
def test_it_takes_two_others_who_are_here_and_a_reason(maya, two, fault, clock):
    """S31: somebody alone at the console at least has to name, and alarm, two others."""
    ann, ben = two
    reason = " " if fault == "no reason" else "Nobody can sign in."
    if fault == "a leaver asks":
        User.objects.filter(pk=ben.pk).update(is_active=False)
    if fault == "for a leaver":
        User.objects.filter(pk=maya.pk).update(ends_on=timezone.localdate() - timezone.timedelta(days=1))
    by, and_by = {"alone": (ann, ann), "oneself": (maya, ann), "nobody": (ann, User(email="no@body.test"))}.get(
        fault, (ann, ben)
    )

    with pytest.raises(CommandError):
        run(maya, by, and_by, reason)

    assert not BreakGlassCode.objects.filter(name=BreakGlassCode.NAME).exists()
    assert not Event.objects.filter(action="door.break_glass").exists()


def test_a_code_of_somebody_who_leaves_meanwhile_opens_nothing(visitor, maya, two, clock):
    code = run(maya, *two)
    User.objects.filter(pk=maya.pk).update(is_active=False)

    recover(visitor, maya, code)

    assert not visitor.is_in


def test_the_code_of_one_person_is_none_of_another(visitor, maya, newcomer, two, clock):
    code = run(newcomer, *two)

    recover(visitor, maya, code)

    assert not visitor.is_in


def test_it_proves_nothing_inside_a_session(maya, app, two, clock):
    """S33: not for what is asked for in the page that acts."""
    code = run(maya, *two)
    visitor = Visitor(Client())
    visitor.sign_in(maya)
    clock.forward(seconds=31)

    visitor.post("/mfa/recovery-codes/", {"proof-code": code})

    assert "door.recovery_codes_made" not in actions_of(maya)
    assert code_of(app)
