"""What somebody tries who looks after accounts, or wants to be taken for somebody who does.

Each was seen to succeed once, with the line that prevents it taken out.
"""

import re

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import BusinessArea, ManagerCorrection, Role, RoleHeld, User
from portal.lifecycle import NotPossible
from portal.mfa import actions as door
from portal.mfa import policy
from portal.mfa.tokens import InvitationTokens, LinkTokens
from portal.notifications import delivery
from portal.notifications.models import Message
from portal.people.actions import accounts, leaving
from tests.attacks.test_becoming_an_administrator import at_once
from tests.people import LONG_AGO, give_role, sign_in
from tests.portal.people.administering import another_administrator, area_administrator, give_app, send, today, url
from tests.travel.pages import page, text_of

pytestmark = pytest.mark.django_db

PAGES = (
    "detail", "edit", "address", "invite-again", "deactivate", "reactivate", "end-sessions", "unlock", "roles-of",
)  # fmt: skip
ACTS = PAGES[1:-1]


@pytest.fixture(autouse=True)
def letters(settings):
    """Keep what is sent in memory."""
    settings.PORTAL_MAIL_TRANSPORT = "smtp"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture
def uma(cast) -> User:
    return cast.user_administrator


@pytest.fixture
def amir(cast) -> User:
    """The administrator of HMPPS and its prisons."""
    return area_administrator(BusinessArea.objects.get(key="hmpps"))


def now(user: User) -> User:
    return User.objects.get(pk=user.pk)


def statuses(user: User, person: User, names=PAGES, method: str = "get") -> set[int]:
    browser = sign_in(Client(), user)
    return {getattr(browser, method)(url(name, person.pk)).status_code for name in names}


# Another area -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "post"])
def test_reaching_into_another_area(amir, cast, method):
    assert statuses(amir, cast.traveller, PAGES if method == "get" else ACTS, method) == {404}


def test_asking_whether_a_number_is_somebody(amir, cast):
    browser = sign_in(Client(), amir)

    theirs, nobodys = (browser.get(url("detail", pk)) for pk in (cast.traveller.pk, 999_999))

    assert (theirs.status_code, nobodys.status_code) == (404, 404)
    assert page(browser, url("detail", cast.traveller.pk)).text == page(browser, url("detail", 999_999)).text


def test_moving_somebody_into_another_area_by_the_posted_form(amir, cast):
    hmcts = BusinessArea.objects.get(key="hmcts")

    shown = send(amir, url("edit", cast.officer.pk), business_area=hmcts.pk)

    assert "Select a business area that you look after" in shown.text
    assert now(cast.officer).business_area.key == "hmp-example-hill"
    with pytest.raises(PermissionDenied):
        accounts.edit(cast.officer, changes={"business_area": hmcts}, by=amir)


def test_inviting_somebody_into_another_area(amir):
    hmcts = BusinessArea.objects.get(key="hmcts")

    send(amir, url("invite"), full_name="Nora New", email="nora.new@example.justice.test", business_area=hmcts.pk,
         person_type="staff")  # fmt: skip

    assert not User.objects.filter(full_name="Nora New").exists()
    with pytest.raises(PermissionDenied):
        accounts.invite(by=amir, full_name="Nora New", email="nora.new@example.justice.test", business_area=hmcts)


def test_going_on_with_a_page_after_the_person_moved_away(amir, cast):
    browser = sign_in(Client(), amir)
    form = page(browser, url("edit", cast.officer.pk)).form(grade="Governor")
    User.objects.filter(pk=cast.officer.pk).update(business_area=cast.traveller.business_area)

    assert browser.post(url("edit", cast.officer.pk), form).status_code == 404
    with pytest.raises(PermissionDenied):
        accounts.edit(cast.officer, changes={"grade": "Governor"}, by=amir)


def test_settling_a_line_manager_of_another_area(amir, cast):
    case = ManagerCorrection.objects.create(
        person=cast.traveller, manager=cast.senior, reason="x", asked_by=cast.traveller
    )

    assert sign_in(Client(), amir).get(url("manager", case.pk)).status_code == 404
    with pytest.raises(PermissionDenied):
        accounts.accept_manager(case, by=amir)


def test_taking_over_an_administrator_who_works_in_ones_area(amir, cast):
    """With another address one would ask for a new password, and be a user administrator."""
    give_role(cast.officer, Role.USER_ADMINISTRATOR)

    assert statuses(amir, cast.officer, ACTS) == {403}
    with pytest.raises(PermissionDenied):
        accounts.change_address(cast.officer, email="mine@example.justice.test", by=amir)


def test_taking_over_an_administrator_who_begins_tomorrow(amir, cast):
    cast.officer.roles_held.create(
        role=Role.POLICY_ADMINISTRATOR, from_on=today().replace(year=today().year + 1), reason="next year"
    )

    assert statuses(amir, cast.officer, ACTS) == {403}


# Oneself and one's friends ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "post"])
def test_administering_oneself(uma, method):
    assert statuses(uma, uma, ACTS, method) == {403}


def test_becoming_the_line_manager_of_whose_trips_one_would_approve(uma, cast):
    shown = send(uma, url("edit", cast.traveller.pk), line_manager=uma.email)

    assert "You cannot make yourself" in shown.text
    assert now(cast.traveller).line_manager == cast.manager


def test_settling_what_one_asked_for_oneself(uma, cast):
    case = ManagerCorrection.objects.create(person=cast.traveller, manager=cast.senior, reason="x", asked_by=uma)

    assert sign_in(Client(), uma).post(url("manager", case.pk), {"decision": "accept"}).status_code == 403
    with pytest.raises(NotPossible):
        accounts.accept_manager(case, by=uma)


@pytest.mark.parametrize(
    "extra", [{"is_superuser": "on", "is_staff": "on"}, {"roles": "user_administrator"},
              {"is_active": "", "email": "x@y.uk"},
              {"enrolment_open": "on", "password": "x", "security_epoch": "9"}],
)  # fmt: skip
def test_promoting_somebody_by_more_fields_than_the_page_has(uma, cast, extra):
    before = now(cast.traveller)

    send(uma, url("edit", cast.traveller.pk), grade="SEO", **extra)

    after = now(cast.traveller)
    assert after.grade == "SEO"
    for name in ("is_superuser", "is_staff", "is_active", "email", "enrolment_open", "password", "security_epoch"):
        assert getattr(after, name) == getattr(before, name)
    assert not after.roles_held.exists()


def test_inviting_a_superuser(uma):
    hmcts = BusinessArea.objects.get(key="hmcts").pk

    send(uma, url("invite"), full_name="Nora New", email="nora.new@example.justice.test", business_area=hmcts,
         person_type="staff", is_superuser="on", is_staff="on", roles="auditor")  # fmt: skip

    nora = User.objects.get(full_name="Nora New")
    assert (nora.is_superuser, nora.is_staff, nora.roles_held.exists()) == (False, False, False)


def test_editing_a_field_that_no_page_has(uma, cast):
    with pytest.raises(TypeError):
        accounts.edit(cast.traveller, changes={"is_superuser": True}, by=uma)


def test_being_a_superuser_without_the_role(cast):
    browser = sign_in(Client(), cast.superuser)

    assert browser.get(url("index")).status_code == 403
    assert statuses(cast.superuser, cast.traveller) == {404}


def test_two_who_close_each_others_accounts(uma, cast):
    una = another_administrator()

    leaving.deactivate(una, reason="Mine now.", by=uma)

    with pytest.raises(NotPossible):
        leaving.deactivate(uma, reason="Mine now.", by=una)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_who_close_each_others_accounts_at_the_same_moment(cast, uma):
    una = another_administrator()
    for _ in range(5):
        ends = at_once(
            lambda: leaving.deactivate(una, reason="Mine.", by=now(uma)),
            lambda: leaving.deactivate(uma, reason="Mine.", by=now(una)),
        )

        assert ends == ["NotPossible", "done"]
        User.objects.filter(pk__in=(uma.pk, una.pk)).update(is_active=True, ends_on=None)
        RoleHeld.objects.filter(role=Role.USER_ADMINISTRATOR).update(to_on=None)


def test_keeping_the_role_by_a_later_row(uma, cast):
    """What would begin later never begins."""
    give_role(cast.colleague, Role.AUDITOR, from_on=today().replace(year=today().year + 1))

    leaving.deactivate(cast.colleague, reason="Left.", by=uma)

    assert not cast.colleague.roles_held.exists()


def test_one_administrator_who_becomes_somebody_by_closing_their_account_and_opening_it_at_another_address(amir, cast):
    """The mailbox of the new address was invited, and two people had released nothing."""
    give_app(amir)
    User.objects.filter(pk=cast.governor.pk).update(last_login=timezone.now())

    send(amir, url("deactivate", cast.governor.pk), reason="Left.")
    send(amir, url("reactivate", cast.governor.pk), reason="Back.")
    send(amir, url("address", cast.governor.pk), email="mine.really@example.justice.test")

    taken = now(cast.governor)
    assert (taken.is_here, taken.email) == (True, "mine.really@example.justice.test")
    assert not policy.may_enrol(taken)
    assert not Message.objects.filter(template="account-invitation").exists()
    assert sign_in(Client(), amir).post(url("invite-again", taken.pk)).status_code != 302
    Client().post(reverse("account_reset_password"), {"email": taken.email})
    assert not Message.objects.filter(template="password-reset").exists()


# Links --------------------------------------------------------------------------------------------------------------


def link_to(address: str) -> str:
    delivery.deliver_due()
    letter = next(one for one in reversed(mail.outbox) if one.to == [address])
    return re.search(r"https?://[^/\s]+(/accounts/password/\S+)", letter.body).group(1)


def works(path: str) -> bool:
    return "This link does not work" not in Client().get(path, follow=True).text


def invited(by: User, name: str = "nora") -> User:
    hmcts = BusinessArea.objects.get(key="hmcts")
    return accounts.invite(
        by=by, full_name=f"{name.title()} New", email=f"{name}.new@example.justice.test", business_area=hmcts
    )


def test_using_an_invitation_for_another_person(uma):
    nora, otto = invited(uma), invited(uma, "otto")

    path = link_to(nora.email).replace(door.user_pk_to_url_str(nora), door.user_pk_to_url_str(otto), 1)

    assert not works(path)
    assert not LinkTokens().check_token(otto, InvitationTokens().make_token(nora))


def test_using_an_invitation_twice(uma):
    nora = invited(uma)
    path = link_to(nora.email)
    assert works(path)

    nora.set_password("a kettle sings of winter")
    nora.save()

    assert not works(path)


def test_keeping_an_invitation_for_after_the_first_password_was_forgotten(uma):
    """The password is unusable again for somebody who left; the old link may not open the account of a returner."""
    nora = invited(uma)
    path = link_to(nora.email)
    leaving.deactivate(nora, reason="Left.", by=uma)
    assert not works(path)

    leaving.reactivate(nora, reason="Back.", by=uma)

    assert not works(path)
    assert works(link_to(nora.email))


def test_inviting_somebody_who_has_a_password(uma, cast):
    User.objects.filter(pk=cast.colleague.pk).update(enrolment_open=True)
    colleague = now(cast.colleague)
    colleague.set_password("a kettle sings of winter")
    colleague.save()

    with pytest.raises(NotPossible):
        accounts.invite_again(colleague, by=uma)

    assert not InvitationTokens().check_token(colleague, InvitationTokens().make_token(colleague))


def test_reading_the_link_in_the_mailbox_that_somebody_no_longer_has(uma):
    nora = invited(uma)
    path = link_to(nora.email)

    accounts.change_address(nora, email="nora.newer@example.justice.test", by=uma)

    assert not works(path)
    assert works(link_to("nora.newer@example.justice.test"))


# Addresses ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("email", ["TESS.TRAVELLER@EXAMPLE.JUSTICE.TEST", " tess.traveller@example.justice.test "])
def test_taking_the_address_of_somebody_by_its_spelling(uma, cast, email):
    with pytest.raises(NotPossible):
        accounts.change_address(cast.colleague, email=email, by=uma)

    shown = send(uma, url("address", cast.colleague.pk), email=email)
    assert "Somebody has an account with this address already" in shown.text


@pytest.mark.parametrize(
    "email", ["tess.travel1er@example.justice.test", "tesstraveller@example.justice.test",
              "rnark.manager@example.justice.test"]
)  # fmt: skip
def test_taking_an_address_that_reads_like_somebodys(uma, cast, email):
    shown = send(uma, url("address", cast.colleague.pk), email=email)

    assert "easily taken for that of" in shown.text
    assert now(cast.colleague).email == "carl.colleague@example.justice.test"


@pytest.mark.parametrize(
    ("facts", "first"),
    [({"is_active": False}, "Open the account again"), ({"ends_on": LONG_AGO}, "Give them a later last day")],
)
def test_changing_the_address_of_an_account_whose_owner_is_told_nothing(uma, cast, facts, first):
    """No letter goes to somebody who has left, so whoever opened the account again would have it to themselves."""
    User.objects.filter(pk=cast.manager.pk).update(**facts)

    shown = send(uma, url("address", cast.manager.pk), email="mark.moved@example.justice.test")

    assert shown.status_code == 409
    assert f"{first} first" in shown.content.decode()
    assert now(cast.manager).email == cast.manager.email


def test_the_page_that_opens_an_account_says_where_the_invitation_goes(uma, cast):
    User.objects.filter(pk=cast.manager.pk).update(is_active=False)

    shown = text_of(sign_in(Client(), uma), url("reactivate", cast.manager.pk))

    assert f"An invitation goes to {cast.manager.email}" in shown


def test_asking_the_list_about_people_of_another_area(amir):
    shown = page(sign_in(Client(), amir), f"{url('index')}?text=tess.traveller")

    assert "Nobody matches these filters." in shown.text
