"""Is each role still needed?  Somebody says so every year, or it ends by itself."""

import datetime

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.test import Client

from portal.accounts.models import Role, RoleHeld, User
from portal.audit.models import Event
from portal.celery import SCHEDULE
from portal.notifications.models import Message
from portal.people import facts
from portal.people.actions import roles
from portal.people.actions.review import certify_roles, review_roles
from tests.people import give_role, sign_in
from tests.portal.people.administering import DAY, another_administrator, send, today, url
from tests.travel.pages import after, page, text_of

pytestmark = pytest.mark.django_db

NOW = datetime.datetime(2027, 3, 1, 9, tzinfo=datetime.UTC)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as travel:
        yield travel


@pytest.fixture
def uma(cast) -> User:
    """A user administrator, among people whose roles were all confirmed a short while ago."""
    RoleHeld.objects.update(certified_on=today() - DAY)
    return cast.user_administrator


@pytest.fixture
def una(uma) -> User:
    una = another_administrator()
    una.roles_held.update(certified_on=today() - DAY)
    return una


def confirmed(user: User, days_ago: int) -> RoleHeld:
    user.roles_held.update(certified_on=today() - days_ago * DAY)
    return user.roles_held.get()


def asked(days_ago: int) -> None:
    """Let the user administrators have been reminded some days ago."""
    roles.tell(roles.administrators(), "role-review-due", link=url("role-review"))
    Message.objects.filter(template="role-review-due").update(created_at=NOW - days_ago * DAY)


def reminders(user: User) -> int:
    return Message.objects.filter(recipient=user, template="role-review-due").count()


@pytest.mark.parametrize(
    ("days_ago", "is_shown", "is_overdue"),
    [(334, False, False), (335, True, False), (365, True, False), (366, True, True)],
)
def test_a_role_is_reviewed_from_30_days_before_its_year_is_over(cast, uma, days_ago, is_shown, is_overdue):
    held = confirmed(cast.security, days_ago)

    assert (held in facts.to_review()) is is_shown
    assert (held in facts.overdue()) is facts.Review(held).is_overdue is is_overdue
    assert ("Sol Security" in text_of(sign_in(Client(), uma), url("role-review"))) is is_shown


def test_a_role_that_was_never_confirmed_counts_from_its_first_day(cast, uma):
    give_role(cast.colleague, Role.PRIVACY, from_on=today() - 335 * DAY)

    assert [held.person for held in facts.to_review()] == [cast.colleague]


def test_a_role_of_the_future_or_the_past_is_not_reviewed(cast, uma):
    give_role(cast.colleague, Role.PRIVACY, from_on=today() + DAY)
    give_role(cast.traveller, Role.PRIVACY, to_on=today() - DAY)

    assert not facts.to_review().exists()


def test_several_roles_are_confirmed_with_one_code(cast, uma):
    first, second, third = (confirmed(user, 400) for user in (cast.security, cast.operations, cast.auditor))

    response = send(uma, url("role-review"), roles=[first.pk, second.pk])

    assert response.status_code == 302
    dates = [RoleHeld.objects.get(pk=held.pk).certified_on for held in (first, second, third)]
    assert dates == [today(), today(), today() - 400 * DAY]
    assert Event.objects.filter(action="account.role_certified", actor=str(uma.pk)).count() == 2


def test_confirming_needs_a_code_and_keeps_what_was_ticked(cast, uma):
    held = confirmed(cast.security, 400)
    confirmed(cast.operations, 400)

    shown = after(send(uma, url("role-review"), roles=[held.pk], proof__code=""))

    assert shown.errors == ["Enter the code from your app"]
    assert [box["value"] for box in shown.soup.select("input[name=roles][checked]")] == [str(held.pk)]


def test_nothing_ticked_is_said_beside_the_boxes(cast, uma):
    confirmed(cast.security, 400)

    shown = after(send(uma, url("role-review")))

    assert shown.errors == ["Select the roles that are still needed"]
    assert shown.soup.select_one(".govuk-error-summary a")["href"] == "#id_roles_0"
    assert shown.soup.select_one("#id_roles_0")


def test_nobody_confirms_their_own_role(cast, uma, una):
    held = confirmed(uma, 400)

    with pytest.raises(PermissionDenied):
        certify_roles([held], by=uma)
    shown = page(sign_in(Client(), uma), url("role-review"))
    forged = send(una, url("role-review"), roles=[una.roles_held.get().pk])

    assert "Uma Useradmin:" not in shown.text
    assert "1 role of your own waits for another user administrator." in shown.text
    assert forged.status_code == 200
    assert una.roles_held.get().certified_on == today() - DAY


def test_the_overdue_are_counted_on_the_list_of_roles(cast, uma):
    confirmed(cast.security, 400)

    shown = text_of(sign_in(Client(), uma), url("roles"))

    assert "1 role should have been confirmed as still needed by now." in shown


def test_reminders_come_30_days_before_on_the_day_and_weekly_after(cast, uma, clock):
    confirmed(cast.security, 334)
    sent = []

    for number in range(1, 60):
        clock.move_to(NOW + number * DAY)
        before = reminders(uma)
        RoleHeld.objects.exclude(person=cast.security).update(certified_on=today())
        review_roles()
        review_roles()
        if reminders(uma) > before:
            sent.append(334 + number - 365)

    assert sent == [-30, 0, 7, 14, 21, 28]


def test_a_reminder_of_a_day_on_which_nothing_ran_comes_later_once(cast, uma, clock):
    confirmed(cast.security, 362)
    review_roles()
    assert reminders(uma) == 1

    clock.move_to(NOW + 5 * DAY)
    review_roles()
    clock.move_to(NOW + 6 * DAY)
    review_roles()

    assert reminders(uma) == 2


def test_a_role_that_nobody_confirms_ends_by_itself_90_days_after_its_year(cast, uma):
    stays, goes = confirmed(cast.operations, 365 + 89), confirmed(cast.security, 365 + 90)
    asked(100)
    browser = sign_in(Client(), cast.security)

    assert review_roles() == 1

    goes.refresh_from_db()
    stays.refresh_from_db()
    assert (stays.to_on, goes.to_on) == (None, today() - DAY)
    assert not User.objects.get(pk=cast.security.pk).has_role(Role.MOJ_SECURITY)
    assert browser.get("/")["Location"].startswith("/accounts/login/")
    assert Event.objects.get(action="account.role_lapsed").actor == ""
    assert Message.objects.filter(recipient=cast.security, template="role-changed").exists()
    assert Message.objects.filter(recipient=uma, template="role-lapsed").exists()
    assert review_roles() == 0


def test_no_role_ends_within_30_days_of_the_first_reminder(cast, uma, clock):
    """Roles that were loaded from elsewhere have years behind them, and a schedule may have stood still."""
    held = confirmed(cast.security, 2000)
    ended = []

    for number in range(32):
        clock.move_to(NOW + number * DAY)
        RoleHeld.objects.exclude(pk=held.pk).update(certified_on=today())
        if review_roles():
            ended.append(number)

    assert ended == [30]


def test_a_reminder_of_an_earlier_year_does_not_count(cast, uma):
    held = confirmed(cast.security, 365 + 90)
    asked(121)

    assert review_roles() == 0
    assert RoleHeld.objects.get(pk=held.pk).to_on is None


def test_the_page_says_when_an_overdue_role_ends(cast, uma):
    held = confirmed(cast.security, 400)
    asked(30)

    shown = text_of(sign_in(Client(), uma), url("role-review"))

    assert facts.Review(held).lapses_on == today() + 55 * DAY
    assert "Ends by itself on 25 April 2027" in shown


def test_the_role_of_the_last_user_administrator_stays(cast, uma, una):
    held = [confirmed(user, 500) for user in (uma, una)]
    asked(100)

    assert review_roles() == 1

    left = [RoleHeld.objects.get(pk=one.pk).to_on for one in held]
    assert left.count(None) == 1


def test_the_review_is_on_the_schedule():
    assert "portal.people.actions.review.review_roles" in [action for _, action in SCHEDULE]
