"""A person's own account: what they read, what they change, and "this is not my line manager"."""

import pytest
from django.test import Client

from portal.accounts.models import ManagerCorrection, Role, User
from portal.audit.models import Event
from portal.lifecycle import NotPossible
from portal.mfa.models import TOTP
from portal.notifications.models import Message
from portal.people import phones
from portal.people.actions import accounts, me
from tests.people import give_role, sign_in
from tests.portal.mfa.conftest import wrong_code
from tests.portal.people.administering import area_administrator, give_app, send, url
from tests.travel.pages import after, page, queries_of

pytestmark = pytest.mark.django_db

MOVED = "I moved to the other team in May."


@pytest.fixture
def tess(cast) -> User:
    return give_app(cast.traveller)


def shown(user: User, name: str = "me"):
    return page(sign_in(Client(), user), url(name))


def told(user: User) -> list[str]:
    return list(Message.objects.filter(recipient=user).order_by("pk").values_list("template", flat=True))


# What is on record --------------------------------------------------------------------------------------------------


def test_the_header_leads_to_ones_own_account(tess):
    home = page(sign_in(Client(), tess), "/")

    assert home.soup.select_one(".app-account__link")["href"] == url("me")


def test_a_person_reads_what_is_on_record_of_them(cast, tess):
    give_role(tess, Role.DUTY_OFFICER)

    text = shown(tess).text

    for fact in ("Tess Traveller", tess.email, "HEO", str(tess.business_area), "Staff", cast.manager.email):
        assert fact in text
    assert "Duty security officer" in text
    assert "Sponsor" not in text


def test_a_contractor_reads_who_answers_for_them_and_until_when(cast, tess):
    User.objects.filter(pk=tess.pk).update(person_type="contractor", sponsor=cast.manager, ends_on="2099-03-31")

    text = shown(tess).text

    assert "Contractor" in text
    assert "Sponsor Mark Manager" in text
    assert "31 March 2099" in text


def test_ones_own_account_takes_the_same_queries_with_more_roles(tess):
    browser = sign_in(Client(), give_role(tess, Role.DUTY_OFFICER))
    before = queries_of(browser, url("me"))

    for role in (Role.AUDITOR, Role.PRIVACY, Role.CISO):
        give_role(tess, role)

    assert queries_of(browser, url("me")) == before


# The work phone -----------------------------------------------------------------------------------------------------


def test_a_person_changes_their_work_phone_with_a_code(tess):
    response = send(tess, url("my-phone"), phone="020 7946 0000 ext 12")

    tess.refresh_from_db()
    assert response["Location"] == url("me")
    assert tess.phone == "020 7946 0000 ext 12"
    event = Event.objects.get(action="account.phone_changed")
    assert (event.actor, event.target_id) == (str(tess.pk), str(tess.pk))


@pytest.mark.parametrize("code", ["", "wrong"])
def test_nobody_changes_a_work_phone_without_a_code_and_what_was_typed_stays(tess, code):
    given = wrong_code(TOTP.objects.get(user=tess)) if code else ""

    response = after(send(tess, url("my-phone"), phone="020 7946 0000", proof__code=given))

    tess.refresh_from_db()
    assert tess.phone == ""
    assert response.held["phone"] == "020 7946 0000"


@pytest.mark.parametrize("phone", ["ring me", "12", "=1+1", "020\u0660\u0661\u0662", "1" * 31])
def test_what_is_no_phone_number_is_said_beside_the_field(tess, phone):
    response = after(send(tess, url("my-phone"), phone=phone))

    assert len(response.errors) == 1
    assert "phone" in response.errors[0]
    assert response.held["phone"] == phone


@pytest.mark.parametrize("phone", ["+44 (0)20 7946 0000", "1234", "x1234", "ext. 1234", "01632 960-001, ext 22", "999"])
def test_numbers_are_written_in_many_ways(phone):
    assert phones.is_phone(phone)


# Not my line manager ------------------------------------------------------------------------------------------------


def test_whoever_has_another_line_manager_says_so_and_administrators_are_told(cast, tess):
    local, elsewhere = area_administrator(tess.business_area), cast.user_administrator

    response = send(tess, url("my-manager"), manager=cast.senior.email, reason=MOVED)

    assert response["Location"] == url("me")
    case = tess.manager_corrections.get()
    assert (case.manager, case.reason, case.asked_by, case.settled_at) == (cast.senior, MOVED, tess, None)
    assert Event.objects.get(action="account.manager_disputed").facts == {
        "old": "Mark Manager", "new": "Sana Senior", "reason": MOVED,
    }  # fmt: skip
    assert told(local) == told(elsewhere) == ["account-wrong-manager"]
    tess.refresh_from_db()
    assert tess.line_manager == cast.manager, "The record stays until somebody has checked it."
    assert "You said on" in shown(tess).text


def test_said_again_it_takes_the_place_of_what_waits_and_is_news(cast, tess):
    send(tess, url("my-manager"), manager=cast.senior.email, reason=MOVED)

    send(tess, url("my-manager"), manager=cast.security.email, reason="No, this one.")

    assert tess.manager_corrections.get().manager == cast.security
    assert told(cast.user_administrator) == ["account-wrong-manager"] * 2


def test_what_was_said_stands_in_the_form(cast, tess):
    me.correct_manager(manager=cast.senior, reason=MOVED, by=tess)

    held = shown(tess, "my-manager").held

    assert (held["manager"], held["reason"]) == (cast.senior.email, MOVED)


def test_what_somebody_else_said_is_shown_and_not_put_into_ones_mouth(cast, tess):
    tess.manager_corrections.create(manager=cast.senior, reason="She told me.", asked_by=cast.colleague)

    form = shown(tess, "my-manager")

    assert "Carl Colleague said on" in form.text
    assert (form.held["manager"], form.held["reason"]) == ("", "")
    assert "Take it back" not in shown(tess).text
    with pytest.raises(NotPossible):
        me.take_correction_back(by=tess)


@pytest.mark.parametrize(
    ("who", "error"),
    [
        ("manager", "Mark Manager is your line manager on record already"),
        ("traveller", "This is your own address. Enter that of your line manager"),
    ],
)
def test_some_people_cannot_be_the_right_line_manager(cast, tess, who, error):
    response = after(send(tess, url("my-manager"), manager=getattr(cast, who).email, reason=MOVED))

    assert response.errors == [error]
    assert response.held["reason"] == MOVED
    assert not ManagerCorrection.objects.exists()


def test_whoever_works_for_somebody_is_not_their_line_manager(cast):
    response = after(send(give_app(cast.manager), url("my-manager"), manager=cast.traveller.email, reason=MOVED))

    assert response.status == 409
    assert response.errors == ["You are above Tess Traveller on record. Ask for that to be put right first"]


def test_a_leaver_is_nobodys_line_manager(cast, tess):
    User.objects.filter(pk=cast.senior.pk).update(is_active=False)

    response = after(send(tess, url("my-manager"), manager=cast.senior.email, reason=MOVED))

    assert response.errors == ["Nobody who works here has this address. Check it, or invite them first"]
    with pytest.raises(NotPossible):
        me.correct_manager(manager=User.objects.get(pk=cast.senior.pk), reason=MOVED, by=tess)


def test_it_is_taken_back(cast, tess):
    me.correct_manager(manager=cast.senior, reason=MOVED, by=tess)

    response = send(tess, url("my-manager-take-back"))

    case = tess.manager_corrections.get()
    assert response["Location"] == url("me")
    assert (case.is_accepted, case.settled_by, case.answer) == (False, tess, "Taken back")
    assert Event.objects.filter(action="account.manager_undisputed", target_id=str(tess.pk)).count() == 1
    assert "You said on" not in shown(tess).text


def test_what_an_administrator_has_settled_is_not_taken_back(cast, tess):
    me.correct_manager(manager=cast.senior, reason=MOVED, by=tess)
    browser = sign_in(Client(), tess)
    form = page(browser, url("my-manager-take-back")).form()
    accounts.accept_manager(tess.manager_corrections.get(), by=cast.user_administrator)

    response = browser.post(url("my-manager-take-back"), form)

    assert response.status_code == 409
    assert tess.manager_corrections.get().is_accepted
