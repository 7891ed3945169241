"""What somebody tries with a file of joiners, movers and leavers: no way to more power is in it (S36)."""

import pytest
from django.core.exceptions import PermissionDenied

from portal.accounts.models import Role, RoleHeld, User
from portal.audit.models import Event
from portal.people import imports
from portal.people.actions.imports import Overtaken, import_people
from portal.people.tables import COLUMNS, NEVER
from tests.people import give_role
from tests.portal.people.administering import area_administrator, give_app, imported
from tests.portal.people.test_imports import AT, confirm, joins, leaves, moves, table, upload
from tests.travel.pages import after

pytestmark = pytest.mark.django_db


@pytest.fixture
def uma(cast) -> User:
    return give_app(cast.user_administrator)


def powers() -> list[tuple]:
    held = RoleHeld.objects.order_by("pk").values_list("person", "role", "from_on", "to_on")
    flags = User.objects.order_by("pk").values_list("pk", "is_staff", "is_superuser", "password", "security_epoch")
    return [*held, *flags]


@pytest.mark.parametrize(
    "column",
    ["role", "Roles", "is_superuser", "is_staff", "password", "groups", "user_permissions", "is_active",
     "security_epoch", "enrolment_open", "clearance", "role_held__role", "ADMIN"],
)  # fmt: skip
def test_a_file_gives_roles_passwords_or_rights(cast, uma, column):
    """S36."""
    before = powers()
    text = table(moves(cast.colleague, **{column: "user_administrator"}), columns=(*COLUMNS, column))

    _, response = upload(uma, text)

    assert NEVER in after(response).text
    with pytest.raises(Overtaken):
        import_people(text, digest=imports.plan_of(text, by=uma).digest, by=uma)
    assert powers() == before


def test_a_role_stands_where_another_column_should(cast, uma):
    text = table(joins(person_type="user_administrator"), joins("Al Other", grade="user_administrator"))

    plan = imports.plan_of(text, by=uma)

    assert [(one.row, one.column) for one in plan.faults] == [(2, "person_type")]
    imported(table(joins("Al Other", grade="user_administrator")), by=uma)
    assert User.objects.get(full_name="Al Other").roles == frozenset(), "A grade is for display."


def test_nobody_but_administrators_of_people_imports(cast):
    text = table(leaves(cast.officer))
    for person in (cast.colleague, cast.superuser, cast.security, cast.auditor):
        with pytest.raises(PermissionDenied):
            import_people(text, digest=imports.plan_of(text, by=cast.user_administrator).digest, by=person)

    assert User.objects.get(pk=cast.officer.pk).is_active


def test_an_area_administrator_reaches_somebody_with_more_power(cast):
    """The account of a user administrator who works in the area stays out of reach, and out of sight."""
    amir = give_app(area_administrator(cast.traveller.business_area))
    powerful = give_role(cast.colleague, Role.USER_ADMINISTRATOR)
    superuser = User.objects.filter(pk=cast.superuser.pk)
    superuser.update(business_area=cast.traveller.business_area)

    found = imports.plan_of(table(leaves(powerful), moves(superuser.get(), grade="x")), by=amir).faults

    assert {one.sentence for one in found} == {"Nobody whose account you look after has this address"}


def test_an_administrator_becomes_the_line_manager_of_whom_they_import(cast, uma):
    rows = [joins(line_manager=uma.email), moves(cast.traveller, line_manager=uma.email.upper())]

    found = imports.plan_of(table(*rows), by=uma).faults

    assert [(one.row, one.column) for one in found] == [(2, "line_manager"), (3, "line_manager")]


def test_the_text_is_changed_between_the_plan_and_the_deed(cast, uma):
    browser, response = upload(uma, table(moves(cast.traveller, grade="SEO")))

    refused = confirm(browser, uma, response, text=table(leaves(cast.manager)))

    assert "Something changed after this page was drawn" in after(refused).errors[0]
    assert "Leave: 1 person" in after(refused).text, "What it would do is shown before it can be confirmed."
    assert User.objects.get(pk=cast.manager.pk).is_active


def test_the_digest_is_left_out_or_made_up(cast, uma):
    text = table(leaves(cast.officer))
    for digest in ("", "0" * 64, "x"):
        browser, response = upload(uma, text)
        confirm(browser, uma, response, digest=digest)

    assert User.objects.get(pk=cast.officer.pk).is_active
    assert not Event.objects.filter(action="people.imported").exists()


@pytest.mark.parametrize("formula", ["=cmd|'/c calc'!A0", "+1+1", "-2", "@SUM(A1)", "<script>alert(1)</script>"])
def test_a_formula_or_markup_in_a_cell_is_text(cast, uma, formula):
    browser, response = upload(uma, table(joins(name=formula, email=f"jo.newman{AT}")))

    assert "<script>alert" not in response.content.decode()
    assert formula in after(response).text
    assert confirm(browser, uma, response).status_code == 302
    assert User.objects.get(email=f"jo.newman{AT}").full_name == formula


def test_a_file_closes_an_account_and_lets_its_owner_in_again(cast, uma):
    """Neither a second file nor a row of the same one opens a closed account: that is a page of its own."""
    imported(table(leaves(cast.officer)), by=uma)

    for row in (joins(email=cast.officer.email), moves(cast.officer, last_day="2099-01-01")):
        assert imports.plan_of(table(row), by=uma).faults
