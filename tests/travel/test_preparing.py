"""Before leaving: a checklist of one's own, which on paper is the travel pack."""

import datetime
import re

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.urls import reverse

from portal.approvals.models import Condition
from portal.audit.models import Event
from portal.directory.models import Contact
from portal.ui.wording import govuk_date
from tests.factories import a_draft, a_trip, reload
from tests.people import person, sign_in
from travel import actions, pack
from travel.models import TaskDone, Trip

pytestmark = pytest.mark.django_db


@pytest.fixture
def trip(cast) -> Trip:
    return a_trip(cast.traveller, upto="line_manager")


def address(trip: Trip) -> str:
    return reverse("travel:before-you-leave", args=[trip.reference])


def page_of(client, trip: Trip) -> BeautifulSoup:
    response = client.get(address(trip))
    assert response.status_code == 200
    return BeautifulSoup(response.content, "html.parser")


def tick(client, trip: Trip, task: str, done: str = "yes"):
    return client.post(address(trip), {"task": task, "done": done})


def test_a_trip_that_only_the_manager_decided_has_a_checklist(client, cast, trip):
    sign_in(client, cast.traveller)

    page = page_of(client, trip)

    assert trip.outcome == Trip.Outcome.MANAGER
    assert "0 of 7 done" in page.text
    assert page.select_one("#roaming a[href^=mailto]").text == Contact.objects.get(key="mobile-devices").email
    assert "Nobody has checked this address yet" in page.select_one("#roaming").text
    assert "Cost centre 1234" in page.select_one("#charges").text
    for words in (
        "Take a copy of the guidance",
        "Have your equipment switched on for abroad",
        "do not connect abroad until",
        "Have remote wipe switched on",
        "If equipment is lost or stolen, what is on it can then be deleted",
    ):
        assert words in page.text


def test_a_tick_is_saved_and_can_be_taken_back(client, cast, trip):
    sign_in(client, cast.traveller)

    assert tick(client, trip, "roaming").headers["Location"] == f"{address(trip)}#roaming"
    assert "1 of 7 done" in page_of(client, trip).text

    tick(client, trip, "roaming", "no")
    assert "0 of 7 done" in page_of(client, trip).text
    assert not TaskDone.objects.exists()


def test_a_tick_sent_twice_counts_once(client, cast, trip):
    sign_in(client, cast.traveller)

    tick(client, trip, "roaming")
    tick(client, trip, "roaming")

    assert TaskDone.objects.get().person == cast.traveller
    assert Event.objects.filter(action="trip.task_done").count() == 1


def test_each_traveller_has_a_list_of_their_own(client, cast):
    friend = person("Fay Friend", manager=cast.manager)
    draft = a_draft(cast.traveller)
    actions.add_traveller(draft, friend, position=1, stated=draft.lead.clearance_stated)
    draft.equipment.update(carried_by=friend)
    actions.sync(draft)
    actions.submit(draft, by=cast.traveller)
    actions.decide(reload(draft), decision="approve", by=cast.manager)
    sign_in(client, cast.traveller)
    tick(client, draft, "roaming")

    sign_in(client, friend)

    assert "0 of 7 done" in page_of(client, draft).text


def test_what_is_no_task_of_this_trip_cannot_be_ticked(client, cast, trip):
    sign_in(client, cast.traveller)

    assert tick(client, trip, "make-tea").status_code == 404
    assert tick(client, trip, "conditions").status_code == 404
    assert tick(client, trip, "uninstall").status_code == 404
    assert not TaskDone.objects.exists()


def test_only_travellers_of_an_approved_trip_prepare(client, cast, trip):
    waiting = a_trip(cast.traveller)

    for user, record, status in (
        (cast.traveller, waiting, 403),
        (cast.manager, trip, 403),
        (cast.colleague, trip, 404),
        (cast.superuser, trip, 404),
    ):
        sign_in(client, user)
        assert client.get(address(record)).status_code == status
        assert tick(client, record, "roaming").status_code == status
    assert not TaskDone.objects.exists()


def test_without_equipment_nothing_is_said_about_it(client, cast):
    trip = a_trip(cast.traveller, upto="line_manager", takes_equipment=False)
    sign_in(client, cast.traveller)

    page = page_of(client, trip)

    assert not page.select("#roaming, #remote-wipe, #files")
    assert page.select("#charges, #inbox")


@pytest.mark.parametrize(
    ("answer", "task", "title"),
    [
        ("log_out", "log-out", "Log out of MoJ apps on your own devices"),
        ("uninstall", "uninstall", "Uninstall MoJ apps from your own devices"),
    ],
)
def test_apps_on_a_personal_device_become_a_task(client, cast, answer, task, title):
    trip = a_trip(cast.traveller, upto="line_manager", personal_device=answer)
    sign_in(client, cast.traveller)

    page = page_of(client, trip)

    assert title in page.select_one(f"#{task}").text
    assert len(page.select("#log-out, #uninstall")) == 1


def test_conditions_are_done_when_they_are_accepted(client, cast, trip):
    Condition.objects.create(step=trip.approval.steps.get(), text="Leave the laptop in London.")
    sign_in(client, cast.traveller)
    section = page_of(client, trip).select_one("#conditions")
    assert section.a["href"] == reverse("travel:conditions", args=[trip.reference])
    assert "To do" in section.text

    actions.accept_conditions(trip, by=cast.traveller)

    section = page_of(client, trip).select_one("#conditions")
    assert "Done" in section.text
    assert section.form is None


def test_conditions_and_hosts_stand_on_the_sheet_in_full(client, cast):
    trip = a_draft(cast.traveller, has_hosts=True)
    trip.hosts.create(name="Hanna Host", organisation="The Ministry", phone="+254 1")
    actions.submit(reload(trip), by=cast.traveller)
    actions.decide(reload(trip), decision="approve", by=cast.manager, conditions=["Leave the laptop in London."])
    sign_in(client, cast.traveller)

    page = page_of(client, trip)

    assert [line.text for line in page.select("#conditions-of-the-trip li")] == ["Leave the laptop in London."]
    assert [line.text for line in page.select("#hosts li")] == ["Hanna Host, The Ministry, +254 1"]


def test_each_printed_page_says_until_when_it_holds(client, cast, trip):
    sign_in(client, cast.traveller)

    foot = page_of(client, trip).select_one(".app-running-foot").text

    assert f"valid until {govuk_date(trip.returns_on + datetime.timedelta(days=1))}" in foot
    assert trip.reference in foot


def test_a_copy_is_printed_at_most_ten_working_days_before_leaving(client, cast, trip):
    first_day = pack.print_from(trip)
    sign_in(client, cast.traveller)
    assert f"Print it on or after {govuk_date(first_day)}" in page_of(client, trip).text

    with time_machine.travel(datetime.datetime.combine(first_day, datetime.time(12), tzinfo=datetime.UTC), tick=False):
        sign_in(client, cast.traveller)

        assert "Print it on or after" not in page_of(client, trip).text


def test_looking_changes_nothing(client, cast, trip):
    sign_in(client, cast.traveller)
    before = TaskDone.objects.count(), Event.objects.count()

    page_of(client, trip)

    assert (TaskDone.objects.count(), Event.objects.count()) == before


def test_the_page_needs_few_queries(client, cast, trip, django_assert_max_num_queries):
    sign_in(client, cast.traveller)
    page_of(client, trip)

    with django_assert_max_num_queries(12):
        page_of(client, trip)


# Contacts that cannot be printed ------------------------------------------------------------------------------------


def test_no_line_of_the_pack_is_blank(client, cast, trip):
    sign_in(client, cast.traveller)

    lines = pack.lines(*pack.EMERGENCY, pack.MOBILE)

    assert all(line.answers.dial or line.answers.email for line in lines.values())
    assert lines["corporate-security-branch"].is_stand_in
    assert "Corporate Security Branch (through the Duty Security Officer)" in re.sub(
        r"\s+", " ", page_of(client, trip).text
    )


def test_a_contact_that_lost_its_details_is_printed_as_it_was_shipped():
    Contact.objects.filter(key="duty-security-officer").update(email="", phone="", phone_from_abroad="")

    lines = pack.lines("duty-security-officer", "corporate-security-branch")

    assert lines["duty-security-officer"].answers.dial == "+44 20 3334 5577"
    assert lines["corporate-security-branch"].answers.dial == "+44 20 3334 5577"


def test_a_blank_contact_is_refused():
    blank = Contact(key="nobody", name="Nobody")

    with pytest.raises(pack.BlankContact, match="Nobody"):
        pack.usable(blank)


def test_a_retired_contact_is_refused_unless_somebody_stands_in():
    retired = Contact.objects.get(key="old-it-service-desk")
    assert pack.usable(retired).key == "service-desk"

    retired.stand_in = None

    with pytest.raises(pack.BlankContact):
        pack.usable(retired)


def test_every_task_names_a_contact_that_exists():
    keys = {task.contact for task in pack.TASKS if task.contact} | set(pack.EMERGENCY)

    assert keys == set(Contact.objects.filter(key__in=keys, is_retired=False).values_list("key", flat=True))


def test_emergency_numbers_can_be_dialled_from_abroad():
    for line in pack.lines(*pack.EMERGENCY).values():
        assert line.answers.dial.startswith("+44 ")
        assert re.fullmatch(r"\+44[1-9]\d{8,9}", line.answers.dial_link)
