"""Facts about people that begin and end by themselves."""

import datetime

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.accounts.models import BusinessArea, HeldClearance, Role, RoleHeld, User
from tests.people import LONG_AGO, clear, give_role, make_senior, person

pytestmark = pytest.mark.django_db

DAY = datetime.timedelta(days=1)


def today() -> datetime.date:
    return timezone.localdate()


@pytest.mark.parametrize(
    ("from_on", "to_on", "holds"),
    [(0, None, True), (0, 0, True), (-5, 0, True), (1, None, False), (-5, -1, False)],
)
def test_a_role_holds_from_its_first_day_to_its_last(from_on, to_on, holds):
    officer = person("Olive Officer")

    give_role(
        officer,
        Role.MOJ_SECURITY,
        from_on=today() + from_on * DAY,
        to_on=None if to_on is None else today() + to_on * DAY,
    )

    assert officer.has_role(Role.MOJ_SECURITY) is holds


def test_a_superuser_holds_no_role(cast):
    assert not any(cast.superuser.has_role(role) for role in Role)


def test_two_rows_for_the_same_role_may_not_overlap():
    officer = give_role(person("Olive Officer"), Role.AUDITOR, to_on=today())

    with pytest.raises(IntegrityError), transaction.atomic():
        RoleHeld.objects.create(person=officer, role=Role.AUDITOR, from_on=today(), reason="again")
    RoleHeld.objects.create(person=officer, role=Role.AUDITOR, from_on=today() + DAY, reason="again")
    RoleHeld.objects.create(person=officer, role=Role.PRIVACY, from_on=today(), reason="another")


def test_an_overlap_made_by_a_change_is_refused_too():
    officer = give_role(person("Olive Officer"), Role.AUDITOR, to_on=today())
    later = RoleHeld.objects.create(person=officer, role=Role.AUDITOR, from_on=today() + DAY, reason="again")

    with pytest.raises(IntegrityError), transaction.atomic():
        RoleHeld.objects.filter(pk=later.pk).update(from_on=LONG_AGO)


def test_nothing_ends_before_it_starts():
    with pytest.raises(IntegrityError, match="ends_after_it_starts"), transaction.atomic():
        make_senior(person("Olive Officer"), from_on=today(), to_on=today() - DAY)


def test_the_highest_clearance_in_force_counts():
    holder = clear(clear(person("Holly Holder"), "bpss"), "sc")
    HeldClearance.objects.filter(level__key="sc").update(to_on=today() - DAY)

    assert str(holder.clearance_held()) == "BPSS"
    assert str(holder.clearance_held(on=today() - DAY)) == "SC"


def test_somebody_whose_last_day_has_passed_is_not_here(time_machine):
    contractor = person("Con Tractor", person_type="contractor", sponsor=person("Spon Sor"), ends_on=today())

    assert contractor.is_here
    time_machine.move_to(timezone.now() + DAY)
    assert not contractor.is_here


def test_a_contractor_has_a_sponsor_and_a_last_day():
    with pytest.raises(IntegrityError, match="sponsor_and_a_last_day"), transaction.atomic():
        person("Con Tractor", person_type="contractor")


def test_addresses_are_one_case_and_unique():
    User.objects.create(email="Mixed.Case@Example.Test", full_name="Mixed")

    assert User.objects.get(full_name="Mixed").email == "mixed.case@example.test"
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(email="MIXED.case@example.test", full_name="Twin")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(full_name="Mixed").update(email="UPPER@example.test")


def test_the_line_upwards_skips_who_has_left(cast):
    User.objects.filter(pk=cast.manager.pk).update(is_active=False)

    assert list(User.objects.get(pk=cast.traveller.pk).line_upwards()) == [cast.senior]


def test_the_line_upwards_is_read_once(cast, django_assert_num_queries):
    traveller = User.objects.get(pk=cast.traveller.pk)

    with django_assert_num_queries(1):
        lines = [list(traveller.line_upwards()) for _ in range(2)]

    assert lines == [[cast.manager, cast.senior]] * 2


def test_a_line_of_any_length_ends_even_in_a_circle():
    line = [person(f"Number {number}") for number in range(9)]
    for one, manager in zip(line, [*line[1:], line[3]], strict=True):
        one.line_manager = manager
        one.save()

    assert list(User.objects.get(pk=line[0].pk).line_upwards()) == line[1:]


def test_a_new_line_manager_begins_a_new_line(cast):
    list(cast.traveller.line_upwards())

    cast.traveller.line_manager = cast.colleague

    assert next(cast.traveller.line_upwards()) == cast.colleague


def test_nobody_is_their_own_line_manager():
    lone = person("Lone Lee")

    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=lone.pk).update(line_manager=lone.pk)


def test_an_area_knows_those_above_it_even_in_a_circle():
    area = BusinessArea.objects.get(key="hmp-example-hill")
    assert [one.key for one in area.upwards()] == ["hmp-example-hill", "hmpps-establishments", "hmpps"]

    BusinessArea.objects.filter(key="hmpps").update(parent=area)
    assert len(list(BusinessArea.objects.get(key="hmp-example-hill").upwards())) == 3
