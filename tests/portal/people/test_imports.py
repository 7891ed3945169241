"""Joiners, movers and leavers from a file: what is refused, what is shown, and what is done."""

import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.accounts.models import BusinessArea, RoleHeld, User
from portal.audit.models import Event
from portal.mfa.models import TOTP
from portal.notifications.models import Message
from portal.people import imports, tables
from portal.people.actions.imports import Overtaken, import_people
from portal.people.tables import COLUMNS, Unreadable
from tests.factories import a_trip, current_step
from tests.people import person, sign_in
from tests.portal.mfa.conftest import code_of, wrong_code
from tests.portal.people.administering import area_administrator, give_app, imported, today, url
from tests.travel.pages import after, page

pytestmark = pytest.mark.django_db

AT = "@example.justice.test"
LATER = today() + datetime.timedelta(days=90)


@pytest.fixture
def uma(cast) -> User:
    return give_app(cast.user_administrator)


def table(*rows: dict[str, object], separator: str = ",", end: str = "\r\n", columns=tuple(COLUMNS)) -> str:
    lines = [columns, *([str(row.get(name, "")) for name in columns] for row in rows)]
    return "".join(separator.join(line) + end for line in lines)


def joins(name: str = "Jo Newman", **cells: object) -> dict[str, object]:
    email = f"{(name or 'Jo Newman').lower().replace(' ', '.')}{AT}"
    return {"action": "join", "email": email, "name": name, "business_area": "hmcts"} | cells


def moves(who: User, **cells: object) -> dict[str, object]:
    return {"action": "move", "email": who.email} | cells


def leaves(who: User, **cells: object) -> dict[str, object]:
    return {"action": "leave", "email": who.email} | cells


def faults(by: User, *rows: dict[str, object]) -> list[tuple[int, str, str]]:
    found = imports.plan_of(table(*rows), by=by)
    assert not (found.faults and found.changes), "A file with a fault changes nothing."
    return [(one.row, one.column, one.sentence) for one in found.faults]


def upload(user: User, data: str | bytes):
    browser = sign_in(Client(), user)
    file = SimpleUploadedFile("people.csv", data.encode() if isinstance(data, str) else data)
    return browser, browser.post(url("import"), page(browser, url("import")).form(file=file))


def confirm(browser: Client, user: User, response, **answers: object):
    device = TOTP.objects.get(user=user)
    TOTP.objects.filter(pk=device.pk).update(last_t=-1)
    return browser.post(url("import"), after(response).form(**({"proof__code": code_of(device)} | answers)))


# What a file is -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("separator", [",", ";"])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_file_is_read_however_a_spreadsheet_wrote_it(uma, separator, end, mark):
    text = mark + table(joins("José Núñez", email=f"jose.nunez{AT}"), separator=separator, end=end)

    plan = imports.plan_of(tables.decode(text.encode()), by=uma)

    assert plan.faults == []
    assert plan.of("join")[0].values["full_name"] == "José Núñez"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "The file is empty"),
        (b"\r\n , ,\r\n", "The file is empty"),
        ("action,email\r\njoin,j\u00e9@x".encode("latin-1"), "The file is not in UTF-8"),
        ("action,email".encode("utf-16"), "The file is not in UTF-8"),
        (b"action,email\0", "The file is not a text file"),
        (b"action,email\r\n", "The file names nobody"),
        (b'action,email\r\n"join,x', "The file cannot be read as CSV"),
        (b"action,email\r\n" + b"leave,x\r\n" * 2_001, "The file must have 2,000 rows or fewer. It has 2,001"),
        (b"x" * 500_001, "The file must be 500 kB or smaller"),
    ],
)
def test_what_is_no_table_is_refused_with_what_to_do(uma, data, sentence):
    with pytest.raises(Unreadable, match=f"^{sentence}"):
        imports.plan_of(tables.decode(data), by=uma)

    _, response = upload(uma, data or b"\n")
    assert after(response).errors[0].startswith(sentence)


def test_names_of_columns_may_be_written_as_people_do(uma):
    text = f"Business area,EMAIL,Action,Name,,\nhmcts,jo.newman{AT},Join,Jo Newman,,\n"

    assert imports.plan_of(text, by=uma).of("join")[0].values["business_area"].key == "hmcts"


@pytest.mark.parametrize(
    ("top", "fault"),
    [
        ("action,email,colour", (1, "colour", "There is no such column")),
        ("action,email,email", (1, "email", "This column is there more than once")),
        ("email,name", (1, "action", "This column is missing")),
    ],
)
def test_columns_that_are_not_known_are_refused(uma, top, fault):
    found = imports.plan_of(f"{top}\nleave,x{AT},y", by=uma).faults

    assert fault in [(one.row, one.column, one.sentence) for one in found]


# What is wrong with a row -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "column", "sentence"),
    [
        ({"action": "promote"}, "action", "Write join, move or leave"),
        ({"email": ""}, "email", "Write whose row this is: a work email address"),
        ({"email": "jo"}, "email", "Enter an email address in the correct format, like name@justice.gov.uk"),
        ({"email": f"j\u043e{AT}"}, "email", None),
        ({"email": f"office.leeds{AT}"}, "email", None),
        ({"email": f"jo+1{AT}"}, "email", None),
        ({"email": f"mark.manager{AT}"}, "email", "Somebody has an account with this address already"),
        ({"name": ""}, "name", "Fill this in for somebody who joins"),
        ({"name": "x" * 121}, "name", "The name must be 120 characters or fewer"),
        ({"business_area": ""}, "business_area", "Fill this in for somebody who joins"),
        ({"business_area": "atlantis"}, "business_area", "There is no business area with this key"),
        ({"line_manager": f"nobody{AT}"}, "line_manager", "Nobody who works here has this address"),
        ({"line_manager": f"uma.useradmin{AT}"}, "line_manager", None),
        ({"line_manager": f"jo.newman{AT}"}, "line_manager", "Nobody is their own line manager"),
        ({"person_type": "visitor"}, "person_type", "Write staff, contractor or agency"),
        ({"sponsor": f"mark.manager{AT}"}, "sponsor", "Only contractors and agency staff have a sponsor"),
        ({"person_type": "contractor", "last_day": LATER}, "sponsor", None),
        ({"person_type": "Agency staff", "sponsor": f"mark.manager{AT}"}, "last_day", None),
        ({"last_day": "soon"}, "last_day", "Write a day like 2027-03-31 or 31/03/2027"),
        ({"last_day": "31/02/2099"}, "last_day", "Write a day like 2027-03-31 or 31/03/2027"),
        ({"last_day": "2020-01-01"}, "last_day", "The last day must be today or in the future"),
        ({"phone": "ring"}, "phone", None),
        ({"grade": "x" * 61}, "grade", "The grade must be 60 characters or fewer"),
    ],
)
def test_every_fault_of_a_joiner_is_told_with_its_row_and_column(uma, cells, column, sentence):
    found = faults(uma, joins("Ann Right"), joins(**cells))

    assert [one[:2] for one in found] == [(3, column)]
    assert sentence in (None, found[0][2])


def test_all_faults_of_all_rows_are_told_at_once(uma):
    found = faults(uma, joins(name="", email=""), joins(business_area="x", phone="y", last_day="z"))

    assert [one[:2] for one in found] == [(2, "email"), (3, "business_area"), (3, "last_day"), (3, "phone")]


def test_nobody_is_in_a_file_twice(cast, uma):
    assert faults(uma, moves(cast.traveller, grade="SEO"), leaves(cast.traveller)) == [
        (3, "email", "Row 2 is about the same person")
    ]


def test_nobody_changes_themselves_by_a_file(uma):
    assert faults(uma, moves(uma, grade="SCS")) == [
        (2, "email", "This is you. Another administrator changes your account")
    ]


def test_whoever_is_not_here_neither_moves_nor_leaves(cast, uma):
    User.objects.filter(pk=cast.colleague.pk).update(is_active=False)

    assert faults(
        uma, {"action": "leave", "email": f"ghost{AT}"}, leaves(cast.colleague), joins(email=cast.colleague.email)
    ) == [
        (2, "email", "Nobody whose account you look after has this address"),
        (3, "email", "Carl Colleague has left"),
        (4, "email", "Row 3 is about the same person"),
    ]  # fmt: skip
    assert faults(uma, joins(email=cast.colleague.email)) == [
        (2, "email", "Carl Colleague was here before. Open that account again on its own page")
    ]


def test_a_leaver_is_nobodys_line_manager_or_sponsor(cast, uma):
    row = joins(
        line_manager=cast.manager.email, person_type="agency", sponsor=cast.manager.email.upper(), last_day=LATER
    )

    assert faults(uma, leaves(cast.manager), row) == [
        (3, "line_manager", "This person leaves in row 2"), (3, "sponsor", "This person leaves in row 2"),
    ]  # fmt: skip


def test_lines_of_managers_do_not_lead_back(cast, uma):
    loop = "This line of managers leads back to the same person"
    ann, bea = joins("Ann First"), joins("Bea Second")

    assert faults(uma, moves(cast.senior, line_manager=cast.traveller.email)) == [(2, "line_manager", loop)]
    assert faults(uma, ann | {"line_manager": bea["email"]}, bea | {"line_manager": ann["email"]}) == [
        (2, "line_manager", loop), (3, "line_manager", loop),
    ]  # fmt: skip
    assert (
        faults(uma, moves(cast.senior, line_manager=cast.traveller.email), moves(cast.manager, line_manager="none"))
        == []
    )


def test_the_last_user_administrator_stays(cast, uma):
    amir = give_app(area_administrator(uma.business_area))
    una = person("Una Useradmin", area="moj-hq")
    una.roles_held.create(role="user_administrator", from_on=datetime.date(2020, 1, 1), reason="x")
    una.roles_held.update(role="auditor")

    assert faults(amir, leaves(cast.user_administrator))[0][1] == "email", "Not an area administrator's to close."
    una.roles_held.update(role="user_administrator")
    assert faults(uma, leaves(una)) == []


def test_a_user_administrator_only_until_tonight_does_not_stay(cast, uma):
    una = person("Una Useradmin", area="moj-hq")
    una.roles_held.create(role="user_administrator", from_on=datetime.date(2020, 1, 1), reason="x")
    RoleHeld.objects.filter(role="user_administrator").exclude(person=una).update(to_on=today())

    assert [one[1] for one in faults(uma, leaves(una))] == ["action"]


def test_whoever_becomes_a_contractor_needs_a_sponsor_and_staff_lose_theirs(cast, uma):
    assert [one[1] for one in faults(uma, moves(cast.traveller, person_type="contractor"))] == ["last_day", "sponsor"]
    User.objects.filter(pk=cast.traveller.pk).update(person_type="agency", sponsor=cast.manager, ends_on=LATER)

    imported(table(moves(cast.traveller, person_type="staff", last_day="none")), by=uma)

    cast.traveller.refresh_from_db()
    assert (cast.traveller.sponsor, cast.traveller.ends_on) == (None, None)


# Of which area ------------------------------------------------------------------------------------------------------


def test_an_area_administrator_imports_for_their_area_and_is_told_nothing_of_others(cast):
    amir = give_app(area_administrator(cast.traveller.business_area))
    theirs, nobody = "You do not look after this business area", "Nobody whose account you look after has this address"

    assert faults(amir, joins(), moves(cast.traveller, grade="SEO")) == []
    assert faults(
        amir, joins(business_area="moj-hq"), moves(cast.traveller, business_area="moj-hq"), leaves(cast.officer),
        {"action": "leave", "email": f"ghost{AT}"},
    ) == [
        (2, "business_area", theirs), (3, "business_area", theirs), (4, "email", nobody), (5, "email", nobody),
    ]  # fmt: skip


# What is shown ------------------------------------------------------------------------------------------------------


def test_the_plan_shows_old_and_new_and_nothing_happens_yet(cast, uma):
    before = [User.objects.count(), Message.objects.count()]

    _, response = upload(
        uma,
        table(
            joins(), moves(cast.traveller, business_area="moj-hq", grade="SEO"), leaves(cast.officer),
            moves(cast.colleague, name="Carl Colleague"),
        ),
    )  # fmt: skip

    shown = after(response)
    hq = BusinessArea.objects.get(key="moj-hq")
    assert f"Business area: {cast.traveller.business_area} → {hq}" in shown.text
    assert "Grade: HEO → SEO" in shown.text
    for part in ("Join: 1 person", "Move: 1 person", "Leave: 1 person", "The account is closed at once"):
        assert part in shown.text
    assert "1 row of the file changes nothing" in shown.text
    assert [User.objects.count(), Message.objects.count()] == before
    assert not Event.objects.filter(action__startswith="account.").exists()


def test_the_plan_says_which_requests_are_touched_by_reference_alone(cast, uma):
    waits = a_trip(cast.traveller, countries=("DE",))
    own = a_trip(cast.colleague)

    plan = imports.plan_of(table(leaves(cast.manager), moves(cast.colleague, line_manager=cast.senior.email)), by=uma)

    leaver, mover = plan.of("leave")[0].touches, plan.of("move")[0].touches
    assert mover == [f"{own.reference}: who decides is found anew"]
    assert leaver[0].startswith(f"{waits.reference} (")
    assert leaver[0].endswith("goes to MoJ Security to name an approver")
    assert leaver[-1] == "2 people still to be given another line manager"
    assert not any(own.reference in sentence for sentence in leaver)


def test_new_addresses_that_may_be_a_mistake_are_shown_and_have_to_be_checked(cast, uma):
    row = joins("Tess Travel1er", email=f"tess.travel1er{AT}")
    browser, response = upload(uma, table(row, joins("Zoe New", email="zoe.new@justlce.test")))
    assert f"Row 2: tess.travel1er{AT} is easily taken for tess.traveller{AT}" in after(response).text
    assert "nobody here has an address that ends in @justlce.test" in after(response).text

    refused = confirm(browser, uma, response)

    assert after(refused).errors == ["Check the new addresses. If they are right, tick the box"]
    assert not User.objects.filter(email__contains="travel1er").exists()
    assert confirm(browser, uma, refused, is_checked="on").status_code == 302


def test_a_plan_takes_the_same_queries_for_ten_rows_and_for_two_hundred(cast, uma):
    def queries(number: int) -> int:
        rows = [joins(f"Ann Number{one}x", line_manager=cast.manager.email) for one in range(number)]
        with CaptureQueriesContext(connection) as seen:
            assert imports.plan_of(table(*rows, moves(cast.traveller, grade="SEO")), by=uma).faults == []
        return len(seen)

    queries(1)  # What somebody may do is asked once.

    assert queries(200) == queries(10) <= 20


# What is done -------------------------------------------------------------------------------------------------------


def test_a_file_is_carried_out_with_a_code_and_told_of(cast, uma):
    waits = a_trip(cast.traveller, countries=("DE",))
    boss = joins("Bo Boss", email=f"bo.boss{AT}")
    new = joins(
        line_manager=boss["email"], phone="1234", person_type="agency", sponsor=cast.senior.email, last_day=LATER
    )
    text = table(
        new,
        boss,
        moves(cast.colleague, line_manager=boss["email"]),
        leaves(cast.manager),
        leaves(cast.officer, last_day=LATER),
    )
    browser, response = upload(uma, text)

    done = confirm(browser, uma, response)

    jo, bo = User.objects.get(email=new["email"]), User.objects.get(email=boss["email"])
    for one in (cast.colleague, cast.manager, cast.officer):
        one.refresh_from_db()
    assert (jo.line_manager, jo.phone, jo.sponsor, jo.ends_on) == (bo, "1234", cast.senior, LATER)
    assert cast.colleague.line_manager == bo
    assert (cast.manager.is_active, cast.officer.is_active, cast.officer.ends_on) == (False, True, LATER)
    assert Message.objects.filter(template="account-invitation", recipient__in=[jo, bo]).count() == 2
    assert current_step(waits).is_unrouted
    facts = Event.objects.get(action="people.imported").facts
    assert (facts["joined"], facts["moved"], facts["left"]) == (2, 1, 2)
    shown = after(browser.get(done["Location"]))
    assert "2 joined, 1 moved and 2 left" in shown.text
    assert f"{waits.reference} (" in shown.text
    assert "went to MoJ Security to name an approver" in shown.text
    per_person = Event.objects.filter(action__in=["account.created", "account.edited", "account.left"])
    assert set(per_person.values_list("target", flat=True)) == {
        "Jo Newman", "Bo Boss", "Carl Colleague", "Mark Manager", "Olu Officer",
    }  # fmt: skip


def test_the_result_is_for_whoever_imported(cast, uma):
    event = imported(table(leaves(cast.officer)), by=uma)
    other = give_app(area_administrator(cast.traveller.business_area))

    assert sign_in(Client(), other).get(url("imported", event.pk)).status_code == 404
    assert sign_in(Client(), uma).get(url("imported", event.pk)).status_code == 200


@pytest.mark.parametrize("code", ["", "wrong"])
def test_without_the_right_code_nothing_is_done_and_the_file_stays(cast, uma, code):
    browser, response = upload(uma, table(leaves(cast.officer)))
    given = wrong_code(TOTP.objects.get(user=uma)) if code else ""

    refused = confirm(browser, uma, response, proof__code=given)

    assert len(after(refused).errors) == 1
    assert after(refused).held["text"].splitlines() == table(leaves(cast.officer)).splitlines()
    assert User.objects.get(pk=cast.officer.pk).is_active


def test_what_changed_since_it_was_shown_is_shown_again_and_not_done(cast, uma):
    browser, response = upload(uma, table(moves(cast.traveller, grade="SEO")))
    User.objects.filter(pk=cast.traveller.pk).update(grade="G7")

    refused = confirm(browser, uma, response)

    assert after(refused).errors == ["Something changed after this page was drawn. Check again what the file would do"]
    assert "Grade: G7 → SEO" in after(refused).text
    assert confirm(browser, uma, refused).status_code == 302
    assert User.objects.get(pk=cast.traveller.pk).grade == "SEO"


def test_a_file_is_all_or_nothing(cast, uma, monkeypatch):
    text = table(joins(), moves(cast.traveller, grade="SEO"), leaves(cast.officer))
    digest = imports.plan_of(text, by=uma).digest

    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("portal.people.actions.imports.tell", fail)
    with pytest.raises(RuntimeError), transaction.atomic():
        import_people(text, digest=digest, by=uma)

    assert not User.objects.filter(full_name="Jo Newman").exists()
    assert User.objects.get(pk=cast.traveller.pk).grade == "HEO"
    assert User.objects.get(pk=cast.officer.pk).is_active


def test_sent_twice_it_is_done_once(cast, uma):
    browser, response = upload(uma, table(leaves(cast.officer)))
    form = after(response).form()
    first = confirm(browser, uma, response)

    again = browser.post(url("import"), form)

    assert again["Location"] == first["Location"]
    assert Event.objects.filter(action="people.imported").count() == 1


def test_the_template_is_a_file_that_can_be_read(uma):
    response = sign_in(Client(), uma).get(url("import-template"))

    rows, wrong = tables.rows_of(tables.decode(response.content))
    assert wrong == []
    assert [row["action"] for row in rows] == ["join", "move", "leave"]


# Any file -----------------------------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    ["", "join", "move", "leave", "none", "hmcts", "staff", "agency", "2099-01-01", "=1+1", "Jo Newman", "SEO", "1234",
     f"jo.newman{AT}", f"al.other{AT}", f"tess.traveller{AT}", f"mark.manager{AT}", f"carl.colleague{AT}"]
)  # fmt: skip
ROWS = st.fixed_dictionaries(
    {"action": st.sampled_from(["join", "move", "leave"])}
    | {name: WORDS | st.text(max_size=5) for name in COLUMNS if name != "action"}
)
LIKELY = st.builds(
    lambda verb, who, cells: (
        {"action": verb, "email": f"{who}{AT}", "business_area": "hmcts", "name": "Jo Newman"} | cells
    ),
    st.sampled_from(["join", "move", "leave"]),
    st.sampled_from(["jo.newman", "al.other", "tess.traveller", "mark.manager", "carl.colleague"]),
    st.fixed_dictionaries(
        {},
        optional={
            "line_manager": st.sampled_from([f"{who}{AT}" for who in ("jo.newman", "al.other", "mark.manager")]),
            "grade": st.sampled_from(["SEO", "none"]),
            "last_day": st.sampled_from(["2099-01-01", "none"]),
        },
    ),
)
ANY_FILE = st.one_of(
    st.text(max_size=80), st.lists(ROWS | LIKELY, min_size=1, max_size=4).map(lambda rows: table(*rows))
)


@given(text=ANY_FILE)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_refused_or_makes_a_plan_that_applies_and_then_nothing_is_left_to_do(cast, uma, text):
    with transaction.atomic():
        try:
            plan = imports.plan_of(text, by=uma)
        except Unreadable:
            return
        if not plan.faults:
            import_people(text, digest=plan.digest, by=uma)
            again = imports.plan_of(text, by=uma)
            assert again.faults or again.is_empty
        else:
            with pytest.raises(Overtaken):
                import_people(text, digest=plan.digest, by=uma)
        transaction.set_rollback(True)
