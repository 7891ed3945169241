"""Governors, Senior Civil Servants, and what follows for open requests."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from portal.accounts.models import BusinessArea, PostHolder, Role, SeniorCivilServant, User
from portal.audit.models import Event
from portal.lifecycle import NotPossible
from portal.people.actions import posts
from tests.factories import a_trip, current_step
from tests.people import make_senior, sign_in
from tests.portal.people.administering import DAY, area_administrator, day, give_app, send, today, url
from tests.travel.pages import after, page, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def uma(cast) -> User:
    return cast.user_administrator


@pytest.fixture
def prison(cast) -> BusinessArea:
    return cast.officer.business_area


@pytest.fixture
def amir(prison) -> User:
    return give_app(area_administrator(prison))


def reads(user: User) -> Client:
    return sign_in(Client(), user)


def test_a_new_governor_ends_the_time_of_the_former_one(cast, uma, prison):
    first = today() + 10 * DAY
    browser = reads(cast.governor)

    response = send(
        uma, url("post-give", cast.deputy_governor.pk), business_area=prison.pk, reason="Promoted.",
        **day("from_on", first),
    )  # fmt: skip

    assert response.status_code == 302
    former, new = cast.governor.posts_held.get(), cast.deputy_governor.posts_held.get()
    assert (former.to_on, new.from_on, new.to_on) == (first - DAY, first, None)
    assert browser.get("/")["Location"].startswith("/accounts/login/")
    kinds = Event.objects.filter(action__startswith="account.post").order_by("id")
    assert [(event.action, event.target) for event in kinds] == [
        ("account.post_ended", "Gwen Governor"),
        ("account.post_given", "Dev Deputy"),
    ]
    shown = text_of(reads(uma), url("posts"))
    assert "Gwen Governor" in shown
    assert "Dev Deputy from" in shown


def test_an_open_request_goes_to_the_new_governor(cast, uma, prison):
    trip = a_trip(cast.officer, countries=("DE",), stated="bpss", upto="line_manager")
    assert current_step(trip).assignee == cast.governor

    posts.give_post(cast.colleague, business_area=prison, from_on=today(), reason="Takes over.", by=uma)

    assert current_step(trip).assignee == cast.colleague


def test_an_open_request_of_a_prison_without_a_governor_waits_for_somebody_to_be_named(cast, uma):
    trip = a_trip(cast.officer, countries=("DE",), stated="bpss", upto="line_manager")

    send(uma, url("post-end", cast.governor.posts_held.get().pk), when="now", reason="Suspended.")

    step = current_step(trip)
    assert step.is_unrouted or step.assignee != cast.governor
    assert cast.governor.posts_held.get().to_on == today() - DAY


def test_the_page_says_who_is_governor_now(cast, uma):
    shown = page(reads(uma), url("post-give", cast.deputy_governor.pk))

    assert "(now Gwen Governor)" in shown.text


def test_whoever_is_governor_already_is_said_beside_the_day(cast, uma, prison):
    shown = after(send(uma, url("post-give", cast.governor.pk), business_area=prison.pk, reason="Again."))

    assert shown.errors == [
        "Gwen Governor is Governor of HMP Example Hill from 1 January 2020 until further notice already"
    ]


def test_a_successor_who_is_named_already_is_not_overtaken(cast, uma, prison):
    posts.give_post(cast.deputy_governor, business_area=prison, from_on=today() + 30 * DAY, reason="Next.", by=uma)

    shown = after(send(uma, url("post-give", cast.colleague.pk), business_area=prison.pk, reason="Quick."))

    assert shown.errors[0].startswith("Dev Deputy is Governor of HMP Example Hill from")
    assert cast.governor.posts_held.get().to_on == today() + 29 * DAY


def test_an_area_that_is_no_establishment_has_no_governor(cast, uma):
    hmcts = BusinessArea.objects.get(key="hmcts")

    with pytest.raises(NotPossible, match="has no Governor"):
        posts.give_post(cast.colleague, business_area=hmcts, from_on=today(), reason="x", by=uma)


def test_an_area_administrator_makes_a_governor_of_their_own_prison(cast, amir, prison):
    send(amir, url("post-give", cast.deputy_governor.pk), business_area=prison.pk, reason="Promoted.")

    assert PostHolder.objects.in_force().get(business_area=prison).person == cast.deputy_governor
    assert "HMP Example Hill" in text_of(reads(amir), url("posts"))


def test_an_area_administrator_makes_nobody_governor_of_another_prison_nor_themselves(cast, amir):
    elsewhere = BusinessArea.objects.create(key="other", name="HMP Other", is_establishment=True)

    shown = after(send(amir, url("post-give", cast.deputy_governor.pk), business_area=elsewhere.pk, reason="x"))

    assert shown.errors == ["Select an answer from the list"]
    for person, area in (
        (cast.deputy_governor, elsewhere),
        (amir, amir.business_area),
        (cast.colleague, amir.business_area),
    ):
        with pytest.raises(PermissionDenied):
            posts.give_post(person, business_area=area, from_on=today(), reason="x", by=amir)
    assert reads(amir).get(url("post-give", amir.pk)).status_code == 403


def test_an_area_administrator_ends_the_post_of_their_own_prison_only(cast, amir):
    elsewhere = BusinessArea.objects.create(key="other", name="HMP Other", is_establishment=True)
    other = PostHolder.objects.create(business_area=elsewhere, person=cast.colleague, from_on=today())

    assert reads(amir).get(url("post-end", cast.governor.posts_held.get().pk)).status_code == 200
    assert reads(amir).get(url("post-end", other.pk)).status_code == 404
    with pytest.raises(PermissionDenied):
        posts.end_post(other, last_on=today(), reason="x", by=amir)


def test_a_temporary_promotion_is_recorded_and_ends(cast, uma):
    last = today() + 30 * DAY
    send(uma, url("grade-give", cast.manager.pk), reason="Acting up.", **day("to_on", last))
    period = cast.manager.senior_periods.get()
    assert (period.from_on, period.to_on) == (today(), last)

    send(uma, url("grade-end", period.pk), when="later", reason="Earlier.", **day("last_on", today() + DAY))

    period.refresh_from_db()
    assert period.to_on == today() + DAY
    actions = Event.objects.filter(action__startswith="account.grade").order_by("id").values_list("action", flat=True)
    assert list(actions) == ["account.grade_given", "account.grade_ended"]


def test_a_grade_that_is_recorded_already_is_said_beside_the_day(cast, uma):
    shown = after(send(uma, url("grade-give", cast.senior.pk), reason="Again."))

    assert shown.errors == ["Sana Senior is a Senior Civil Servant from 1 January 2020 until further notice already"]


def test_grades_are_for_user_administrators_only(cast, amir):
    make_senior(cast.officer)

    assert reads(amir).get(url("grade-give", cast.officer.pk)).status_code == 403
    assert reads(amir).get(url("grade-end", cast.officer.senior_periods.get().pk)).status_code == 403
    with pytest.raises(PermissionDenied):
        posts.give_grade(cast.deputy_governor, from_on=today(), reason="x", by=amir)
    with pytest.raises(PermissionDenied):
        posts.end_grade(cast.officer.senior_periods.get(), last_on=today(), reason="x", by=amir)


def test_an_open_request_passes_a_senior_whose_grade_ended(cast, uma):
    trip = a_trip(cast.traveller, countries=("DE",), upto="line_manager")
    assert current_step(trip).assignee == cast.senior

    send(uma, url("grade-end", cast.senior.senior_periods.get().pk), when="now", reason="Retired.")

    assert current_step(trip).assignee != cast.senior


def test_what_has_ended_does_not_end_again(cast, uma):
    post, period = cast.governor.posts_held.get(), cast.senior.senior_periods.get()
    PostHolder.objects.update(to_on=datetime.date(2021, 1, 1))
    SeniorCivilServant.objects.update(to_on=datetime.date(2021, 1, 1))

    with pytest.raises(NotPossible):
        posts.end_post(post, last_on=today(), reason="x", by=uma)
    with pytest.raises(NotPossible):
        posts.end_grade(period, last_on=today(), reason="x", by=uma)


def test_somebody_who_has_left_gets_no_post_and_no_grade(cast, uma, prison):
    User.objects.filter(pk=cast.colleague.pk).update(is_active=False)

    with pytest.raises(NotPossible):
        posts.give_post(cast.colleague, business_area=prison, from_on=today(), reason="x", by=uma)
    with pytest.raises(NotPossible):
        posts.give_grade(cast.colleague, from_on=today(), reason="x", by=uma)


def test_a_governor_reads_their_own_post(cast):
    shown = text_of(reads(cast.governor), url("my-roles"))

    assert "Governor of HMP Example Hill" in shown
    assert not cast.governor.has_role(*Role.values)
