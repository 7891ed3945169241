"""Raising the bar: who may, how long before, what holds where, who is left, and how they are told."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from portal.accounts.models import BusinessArea, Role, User
from portal.audit.models import Event
from portal.lifecycle import NotPossible
from portal.mfa import actions, left, policy, rules
from portal.mfa.areas import Rules, What
from portal.mfa.models import TOTP, EmailCode, FactorRule, RecoveryPhone, SecurityKey, SignInState
from portal.notifications import delivery
from portal.notifications.models import Message
from tests.people import give_role, person, sign_in
from tests.portal.people.administering import area_administrator, day, send, url
from tests.travel.pages import after, page, queries_of, text_of

pytestmark = pytest.mark.django_db

WEEKS = datetime.timedelta(weeks=1)
DAY = datetime.timedelta(days=1)


@pytest.fixture
def area(db) -> BusinessArea:
    return BusinessArea.objects.get(key="hmpps-establishments")


@pytest.fixture
def prison(db) -> BusinessArea:
    """It belongs to the area."""
    return BusinessArea.objects.get(key="hmp-example-hill")


@pytest.fixture
def uma(clock) -> User:
    user = give_role(person("Uma Useradmin", area="moj-hq"), Role.USER_ADMINISTRATOR)
    TOTP.objects.create(user=user, name="app", confirmed=True)
    return user


@pytest.fixture
def amir(clock, area) -> User:
    """The area's own administrator."""
    user = area_administrator(area)
    TOTP.objects.create(user=user, name="app", confirmed=True)
    return user


@pytest.fixture
def olu(clock, uma, area) -> User:
    """An officer who signs in with e-mail codes, allowed for the area."""
    allow(area, by=uma)
    return with_email_codes(person("Olu Officer", area="hmp-example-hill"))


def with_email_codes(user: User) -> User:
    EmailCode.objects.create(user=user, name="Email codes", confirmed=True)
    actions.verify_address(user)
    return user


def today() -> datetime.date:
    return timezone.localdate()


def a_rule(area, what=What.EMAIL_CODES, *, is_on, from_on=None, by) -> FactorRule:
    return rules.set_rule(area, what=what, is_on=is_on, from_on=from_on or today(), reason="For the test.", by=by)


def allow(area, what=What.EMAIL_CODES, *, by) -> FactorRule:
    return a_rule(area, what, is_on=True, by=by)


def withdraw(area, on: datetime.date, *, by) -> FactorRule:
    """Set the rule, and let the worker tell those left."""
    rule = a_rule(area, is_on=False, from_on=on, by=by)
    left.remind()
    return rule


def told(user: User) -> list[str]:
    return list(Message.objects.filter(recipient=user).order_by("pk").values_list("template", flat=True))


def periods(area: BusinessArea) -> list[tuple[bool, datetime.date, datetime.date | None]]:
    return [(rule.is_on, rule.from_on, rule.to_on) for rule in rules.rows(area, What.EMAIL_CODES)]


# Which rule holds ---------------------------------------------------------------------------------------------------


def test_what_no_area_mentions_is_off(prison):
    assert not any(policy.is_allowed(what, prison) for what in What)
    assert not policy.is_allowed(What.EMAIL_CODES, None)


def test_a_rule_holds_for_what_belongs_to_its_area_and_not_for_what_it_belongs_to(area, prison, uma):
    allow(area, by=uma)

    assert policy.is_allowed(What.EMAIL_CODES, prison)
    assert not policy.is_allowed(What.EMAIL_CODES, area.parent)


def test_the_nearest_area_with_a_rule_decides(area, prison, uma, amir):
    allow(area, by=uma)

    withdraw(prison, today(), by=amir)

    assert policy.is_allowed(What.EMAIL_CODES, area)
    assert not policy.is_allowed(What.EMAIL_CODES, prison)


def test_the_table_of_all_areas_says_what_the_policy_says(area, prison, uma, amir):
    """Two ways to the same answer: one for a person at the door, one for a page of all areas."""
    allow(area, by=uma)
    withdraw(prison, today() + 3 * DAY, by=amir)
    withdraw(area, today() + 6 * WEEKS, by=uma)
    table = Rules()

    for on in table.days:
        for one in BusinessArea.objects.all():
            for what in What:
                assert table.is_on(one.pk, what, on) == policy.is_allowed(what, one, on)


# Who may, and from when ---------------------------------------------------------------------------------------------


def test_a_central_withdrawal_gives_six_weeks(area, uma):
    """S48, R364: forty-one days are too few."""
    allow(area, by=uma)

    with pytest.raises(rules.WrongDay, match="at least six weeks"):
        withdraw(area, today() + 41 * DAY, by=uma)

    withdraw(area, today() + 42 * DAY, by=uma)


@pytest.mark.parametrize(
    ("what", "is_on"), [(What.EMAIL_CODES, False), (What.RECOVERY_PHONE, False), (What.KEYS_ONLY, True)]
)
def test_each_way_of_raising_the_bar_needs_the_notice(area, uma, what, is_on):
    with pytest.raises(rules.WrongDay):
        a_rule(area, what, is_on=is_on, by=uma)


@pytest.mark.parametrize(
    ("what", "is_on"), [(What.EMAIL_CODES, True), (What.RECOVERY_PHONE, True), (What.KEYS_ONLY, False)]
)
def test_loosening_may_start_today_and_is_for_user_administrators_only(area, uma, amir, what, is_on):
    with pytest.raises(PermissionDenied):
        a_rule(area, what, is_on=is_on, by=amir)

    assert a_rule(area, what, is_on=is_on, by=uma).from_on == today()


def test_nobody_else_sets_anything(area, clock):
    somebody = give_role(person("Sol Security", area="moj-hq"), Role.MOJ_SECURITY)
    superuser = person("Root Root", area="moj-hq", is_staff=True, is_superuser=True)

    for user in (somebody, superuser):
        with pytest.raises(PermissionDenied):
            withdraw(area, today() + 10 * WEEKS, by=user)


def test_what_is_announced_is_never_brought_forward(area, uma):
    """S48: not even to a day that would be six weeks away."""
    allow(area, by=uma)
    withdraw(area, today() + 10 * WEEKS, by=uma)

    with pytest.raises(rules.WrongDay, match="only be moved to a later day"):
        withdraw(area, today() + 7 * WEEKS, by=uma)

    assert periods(area)[-1] == (False, today() + 10 * WEEKS, None)


def test_what_is_announced_may_be_postponed_until_it_begins(area, uma, clock):
    allow(area, by=uma)
    first = today()
    withdraw(area, first + 6 * WEEKS, by=uma)
    clock.forward(days=30)

    withdraw(area, first + 8 * WEEKS, by=uma)

    assert periods(area) == [(True, first, first + 8 * WEEKS - DAY), (False, first + 8 * WEEKS, None)]
    clock.forward(days=40)
    with pytest.raises(rules.WrongDay, match="already"):
        withdraw(area, first + 20 * WEEKS, by=uma)


def test_the_areas_own_administrator_may_be_early(area, prison, uma, amir):
    """R365: from today on, and before a central date, which stays."""
    allow(area, by=uma)
    central = today() + 6 * WEEKS
    withdraw(area, central, by=uma)

    withdraw(area, today() + DAY, by=amir)
    withdraw(prison, today(), by=amir)

    assert periods(area) == [
        (True, today(), today()),
        (False, today() + DAY, central - DAY),
        (False, central, None),
    ]
    assert not policy.is_allowed(What.EMAIL_CODES, prison)
    assert [rule.is_of_the_area for rule in rules.rows(area, What.EMAIL_CODES)] == [False, True, False]


def test_the_areas_own_administrator_sets_nothing_elsewhere(area, amir):
    for other in (area.parent, BusinessArea.objects.get(key="hmcts")):
        with pytest.raises(PermissionDenied):
            withdraw(other, today() + 10 * WEEKS, by=amir)


def test_the_areas_own_administrator_does_not_put_off_or_call_off_a_central_rule(area, uma, amir):
    allow(area, by=uma)
    central = withdraw(area, today() + 6 * WEEKS, by=uma)

    with pytest.raises(rules.WrongDay, match="Only a user administrator"):
        withdraw(area, today() + 7 * WEEKS, by=amir)
    with pytest.raises(PermissionDenied):
        rules.take_back(central, by=amir)


def test_a_rule_that_was_taken_back_leaves_what_was_before(area, uma, amir):
    allow(area, by=uma)
    central = withdraw(area, today() + 6 * WEEKS, by=uma)
    early = withdraw(area, today() + WEEKS, by=amir)

    rules.take_back(early, by=amir)
    assert periods(area)[0] == (True, today(), central.from_on - DAY)
    rules.take_back(central, by=uma)

    assert periods(area) == [(True, today(), None)]
    assert Event.objects.filter(action="door.rule_taken_back").count() == 2


def test_a_rule_that_began_is_not_taken_back(area, uma, clock):
    begun = allow(area, by=uma)

    with pytest.raises(NotPossible, match="holds already"):
        rules.take_back(begun, by=uma)


def test_the_same_rule_twice_changes_nothing(area, uma):
    allow(area, by=uma)

    with pytest.raises(rules.WrongDay, match="already"):
        allow(area, by=uma)
    with pytest.raises(rules.WrongDay, match="already"):
        a_rule(area, is_on=True, from_on=today() + DAY, by=uma)


def test_a_day_in_the_past_is_refused(area, uma):
    with pytest.raises(rules.WrongDay, match="today or in the future"):
        a_rule(area, is_on=True, from_on=today() - DAY, by=uma)


def test_the_database_refuses_two_rules_on_one_day(area, uma):
    allow(area, by=uma)

    with pytest.raises(IntegrityError), transaction.atomic():
        FactorRule.objects.create(
            business_area=area, what=What.EMAIL_CODES, is_on=False, from_on=today() + WEEKS, announced_by=uma
        )


# On the day -----------------------------------------------------------------------------------------------------------


def test_on_the_day_a_session_by_email_code_ends_and_the_person_is_led_to_enrol(olu, area, amir, clock):
    """Nobody may put it off: the same address that showed a page asks to sign in again."""
    withdraw(area, today() + DAY, by=amir)
    assert policy.email_codes(olu)
    assert not policy.may_enrol(olu)

    clock.forward(days=1)

    assert policy.factors(olu) == []
    User.objects.filter(pk=olu.pk).update(enrolment_open=True)
    assert policy.may_enrol(User.objects.get(pk=olu.pk))


def test_a_reset_by_the_same_mailbox_closes_that_way(olu, area, amir, clock):
    """S26: otherwise the mailbox alone would set the password, and then the app."""
    User.objects.filter(pk=olu.pk).update(enrolment_open=True)
    actions.suspend_email_codes(olu)

    person_now = User.objects.get(pk=olu.pk)

    assert policy.factors(person_now) == []
    assert not policy.may_enrol(person_now)


def test_where_keys_are_demanded_whoever_has_none_must_add_one(area, amir, clock):
    officer = person("Ona Officer", area="hmp-example-hill")
    a_rule(area, What.KEYS_ONLY, is_on=True, from_on=today() + DAY, by=amir)
    assert not policy.must_add_key(officer)

    clock.forward(days=1)

    assert policy.must_add_key(officer)
    add_key(officer)
    assert not policy.must_add_key(officer)


def add_key(user: User) -> SecurityKey:
    return SecurityKey.objects.create(
        user=user, name="key", confirmed=True, credential_id=str(user.pk).encode(), public_key=b"k"
    )


# Who is left, and how they are told --------------------------------------------------------------------------------


def test_whoever_has_something_else_is_not_left(olu, area, uma):
    ready = with_email_codes(person("Rea Ready", area="hmp-example-hill"))
    TOTP.objects.create(user=ready, confirmed=True)
    keyed = with_email_codes(person("Kay Keyed", area="hmp-example-hill"))
    add_key(keyed)
    with_email_codes(person("Gone Already", area="hmp-example-hill", is_active=False))
    with_email_codes(person("Carl Elsewhere", area="hmcts"))

    rule = withdraw(area, today() + 6 * WEEKS, by=uma)

    assert list(left.people_left(rule)) == [olu]


def test_an_unconfirmed_app_makes_nobody_ready(olu, area, uma):
    TOTP.objects.create(user=olu, confirmed=False)

    assert list(left.people_left(withdraw(area, today() + 6 * WEEKS, by=uma))) == [olu]


def test_a_part_with_a_rule_of_its_own_is_left_in_peace(olu, area, prison, uma):
    allow(prison, by=uma)

    rule = withdraw(area, today() + 6 * WEEKS, by=uma)

    assert not left.people_left(rule).exists()


def test_those_left_are_told_at_once_and_the_administrator_is_told_how_many(olu, area, uma, amir):
    withdraw(area, today() + 6 * WEEKS, by=uma)

    assert told(olu) == ["sign-in-rule-announced"]
    number = Message.objects.get(recipient=amir, template="sign-in-rule-number", context__raises=1)
    assert number.context["left"] == 1


def test_those_left_are_reminded_28_14_7_and_1_days_before_and_once_each(olu, area, uma, clock):
    withdraw(area, today() + 6 * WEEKS, by=uma)
    reminded = []

    for elapsed in range(1, 43):
        clock.forward(days=1)
        before = len(told(olu))
        left.remind()
        left.remind()
        if len(told(olu)) > before:
            assert len(told(olu)) == before + 1
            reminded.append(42 - elapsed)

    assert reminded == [28, 14, 7, 1]


def test_a_reminder_whose_night_was_missed_is_sent_the_next(olu, area, uma, clock):
    withdraw(area, today() + 6 * WEEKS, by=uma)
    clock.forward(days=15)

    left.remind()

    assert told(olu)[-1] == "sign-in-rule-reminder"


def test_whoever_is_ready_by_then_is_not_reminded(olu, area, uma, clock):
    withdraw(area, today() + 6 * WEEKS, by=uma)
    TOTP.objects.create(user=olu, confirmed=True)
    clock.forward(days=14)

    left.remind()

    assert told(olu) == ["sign-in-rule-announced"]


def test_those_who_were_told_are_told_when_it_is_taken_back(olu, area, uma, amir):
    rule = withdraw(area, today() + 6 * WEEKS, by=uma)

    rules.take_back(rule, by=uma)

    assert told(olu)[-1] == told(amir)[-1] == "sign-in-rule-taken-back"


def test_the_letters_say_what_to_do_and_by_when(olu, area, uma, amir, clock, mailoutbox):
    withdraw(area, today() + 6 * WEEKS, by=uma)
    delivery.deliver_due()

    [letter] = [letter for letter in mailoutbox if letter.to == [olu.email]]
    assert "from 12 April 2027: email codes are not allowed" in letter.body
    assert "Set up an authenticator app or a security key before that day." in letter.body
    [number] = [letter for letter in mailoutbox if letter.to == [amir.email] and "12 April" in letter.body]
    assert "not ready yet: 1." in number.body


def test_reminding_takes_as_many_queries_for_many_people_as_for_few(
    olu, area, uma, clock, django_assert_max_num_queries
):
    withdraw(area, today() + 6 * WEEKS, by=uma)
    for number in range(40):
        with_email_codes(person(f"Officer {number}", area="hmp-example-hill"))
    clock.forward(days=14)

    with django_assert_max_num_queries(20):
        left.remind()

    assert Message.objects.filter(template="sign-in-rule-reminder").count() == 41


# The pages ------------------------------------------------------------------------------------------------------------


def reads(user: User) -> Client:
    return sign_in(Client(), User.objects.get(pk=user.pk))


def test_the_page_says_what_holds_where_and_from_where_it_comes(olu, area, uma):
    withdraw(area, today() + 6 * WEEKS, by=uma)

    shown = page(reads(uma), url("sign-in"))

    rows = {
        row.th.get_text(strip=True): [cell.get_text(strip=True) for cell in row("td")]
        for row in shown.soup("tr")
        if row.th
    }
    assert rows["HMPPS establishments"] == ["Allowed; from 12 Apr 2027 not allowed", "Not allowed", "Not demanded"]
    assert rows["HMP Example Hill"][0] == ("Allowed, from HMPPS establishments; from 12 Apr 2027 not allowed")
    assert "Not ready yet 1 person" in shown.text


def test_an_areas_administrator_sees_their_areas_and_what_is_advised(area, amir):
    browser = reads(amir)

    listed = text_of(browser, url("sign-in"))
    form = page(browser, url("sign-in-rule"))

    assert "HMP Example Hill" in listed
    assert "HMCTS" not in listed
    assert "ask the managers of the area and IT" in form.text
    assert "Allow email codes" not in form.text


def test_a_rule_is_set_in_the_browser_with_the_second_factor(olu, area, uma):
    response = send(
        uma, url("sign-in-rule"), area=area.pk, rule="no_email_codes", reason="Too many mailboxes are read by others.",
        **day("from_on", today() + 6 * WEEKS),
    )  # fmt: skip

    assert response["Location"] == url("sign-in")
    rule = FactorRule.objects.get(is_on=False)
    assert (rule.business_area, rule.announced_by) == (area, uma)
    event = Event.objects.get(action="door.rule_set", target="HMPPS establishments", details__contains="not allowed")
    assert event.actor == str(uma.pk)


def test_a_wrong_code_sets_nothing(olu, area, uma):
    send(
        uma, url("sign-in-rule"), area=area.pk, rule="no_email_codes", reason="For the test.", proof__code="000000",
        **day("from_on", today() + 6 * WEEKS),
    )  # fmt: skip

    assert not FactorRule.objects.filter(is_on=False).exists()


def test_a_day_too_soon_is_said_beside_the_field(olu, area, uma):
    response = send(
        uma, url("sign-in-rule"), area=area.pk, rule="no_email_codes", reason="For the test.",
        **day("from_on", today() + 41 * DAY),
    )  # fmt: skip

    shown = after(response)
    assert shown.errors == ["Give people at least six weeks: the first day must be 12 April 2027 or later"]
    assert shown.soup.find(id="id_from_on_error") or "12 April 2027 or later" in shown.text


def test_an_areas_administrator_cannot_forge_a_loosening_or_another_area(area, amir):
    for forged in ({"rule": "email_codes", "area": area.pk}, {"rule": "keys", "area": area.parent_id}):
        response = send(amir, url("sign-in-rule"), reason="For the test.", **day("from_on", today()), **forged)
        assert response.status_code == 200

    assert not FactorRule.objects.exists()


def test_a_rule_is_taken_back_in_the_browser(olu, area, uma):
    rule = withdraw(area, today() + 6 * WEEKS, by=uma)

    response = send(uma, url("sign-in-take-back", rule.pk))

    assert response["Location"] == url("sign-in")
    assert not FactorRule.objects.filter(is_on=False).exists()


def test_the_list_says_who_is_not_ready(olu, area, uma, amir):
    person("Carl Elsewhere", area="hmcts")
    withdraw(area, today() + 6 * WEEKS, by=uma)
    SignInState.objects.create(user=person("Lou Locked", area="hmp-example-hill"), failures=30)

    shown = text_of(reads(amir), url("sign-in-people"))
    only = text_of(reads(amir), url("sign-in-people") + "?state=left")

    assert "Olu Officer HMP Example Hill Email codes, 1 Mar 2027 – Not ready" in shown
    assert "Lou Locked HMP Example Hill Nothing yet – Locked out" in shown
    assert "Carl" not in shown
    assert "Olu Officer" in only
    assert "Lou Locked" not in only


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("factor=email", {"Olu Officer"}), ("factor=app", {"Amir Areaadmin", "Uma Useradmin"}),
        ("factor=key", {"Kay Keyed"}), ("factor=phone", {"Phil Phone"}), ("state=locked", {"Phil Phone"}),
        ("state=few", {"Amir Areaadmin", "Uma Useradmin"}), ("state=never", {"Phil Phone"}),
    ],
)  # fmt: skip
def test_the_filters_find_whom_they_say(olu, uma, amir, query, found):
    add_key(person("Kay Keyed", area="hmcts"))
    phil = person("Phil Phone", area="hmcts")
    SignInState.objects.create(user=phil, failures=30)
    phone = RecoveryPhone(user=phil, name="phone", confirmed=True, verified_at=timezone.now())
    phone.set_number("+447700900982")
    phone.save()

    shown = page(reads(uma), f"{url('sign-in-people')}?{query}")

    table = shown.soup.find("div", class_="app-scroll").find("tbody")
    assert {row.find(["th", "td"]).get_text(strip=True) for row in table("tr")} == found


def test_the_export_needs_the_second_factor_and_is_in_the_audit_log(olu, uma, clock):
    refused = send(uma, url("sign-in-export"), format="csv", proof__code="000000")
    clock.forward(minutes=1)  # Past the delay after a wrong code.
    response = send(uma, url("sign-in-export"), format="csv")

    assert refused["Content-Type"].startswith("text/html")
    text = b"".join(response.streaming_content).decode()
    assert "Olu Officer,olu.officer@example.justice.test,HMP Example Hill" in text
    assert Event.objects.filter(action="door.factors_exported", actor=str(uma.pk)).count() == 1


def test_the_pages_take_as_many_queries_for_many_people_as_for_few(olu, area, uma):
    withdraw(area, today() + 6 * WEEKS, by=uma)
    browser = reads(uma)
    names = ("sign-in", "sign-in-people", "sign-in-rule")
    few = [queries_of(browser, url(name)) for name in names]
    for number in range(20):
        with_email_codes(person(f"Officer {number}", area="hmp-example-hill"))

    assert [queries_of(browser, url(name)) for name in names] == few
    assert all(number <= 20 for number in few), few


def test_there_is_no_way_to_put_it_off(olu, area, uma, amir):
    """S47: no page, address or button lets anybody wait."""
    names = [str(name) for name in get_resolver().reverse_dict if isinstance(name, str)]
    assert not [name for name in names if "later" in name or "remind" in name or "skip" in name or "postpone" in name]
