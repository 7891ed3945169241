"""The pages by which somebody asks: the way in, the list, the tasks, the answer, the check, and how requests end."""

import pytest
from django.urls import reverse

from portal.accounts.models import User
from portal.approvals.models import Approval, Status, Step
from portal.audit.models import Event
from portal.notifications.models import Message
from portal.workdays import add_working_days
from tests.factories import a_draft, a_trip, reload
from tests.people import make_senior, person, phone_of, sign_in
from tests.travel.pages import address, page, post, text_of
from travel import actions
from travel.models import ChosenApprover, Trip
from travel.sections import BEFORE, SECTIONS

pytestmark = pytest.mark.django_db


@pytest.fixture
def asker(client, cast):
    """A browser in which the traveller is signed in."""
    return sign_in(client, cast.traveller)


# The way in ---------------------------------------------------------------------------------------------------------


def test_the_start_page_says_who_it_is_for_why_and_how_long_it_takes(asker):
    text = text_of(asker, reverse("travel:start"))

    for words in (
        "staff, contractors and agency staff",
        "whatever their role",
        "interest in a travelling official",
        "is generally acceptable",
        "several weeks",
        "extra technical protection",
        "Roaming can be expensive",
        "there has to be a good business need",
        "your business unit pays",
        "Operational Security can see these requests too",
        "Enhanced SC, DV or DV STRAP",
        "every trip, business or personal",
        "China",
        "United Arab Emirates",
    ):
        assert words in text


def test_starting_makes_one_draft_of_my_own(asker, cast):
    response = post(asker, reverse("travel:start"), lateness="not-yet")

    trip = Trip.objects.get()
    assert response["Location"] == address(trip, "tasks")
    assert (trip.approval.requester, trip.lateness, trip.lead.person) == (cast.traveller, "", cast.traveller)


def test_a_double_click_on_start_makes_one_draft(asker):
    form = page(asker, reverse("travel:start")).form(lateness="not-yet")

    first, second = (asker.post(reverse("travel:start"), form) for _ in range(2))

    assert first["Location"] == second["Location"]
    assert Trip.objects.count() == 1


def test_looking_at_the_start_page_makes_nothing(asker):
    asker.get(reverse("travel:start"))

    assert not Approval.objects.exists()


def test_starting_without_saying_whether_one_has_left_asks_again(asker):
    response = post(asker, reverse("travel:start"))

    assert "Select whether you have left already" in response.content.decode()
    assert not Trip.objects.exists()


@pytest.mark.parametrize("lateness", ["abroad", "returned"])
def test_having_left_already_is_a_way_in(asker, lateness):
    link = f"{reverse('travel:start')}?lateness={lateness}"
    assert link in asker.get(reverse("travel:index")).content.decode()
    assert page(asker, link).soup.find("input", value=lateness).has_attr("checked")

    post(asker, link, lateness=lateness)

    assert Trip.objects.get().lateness == lateness


# My trips -----------------------------------------------------------------------------------------------------------


def test_a_list_without_trips_says_what_to_do(asker):
    assert "You have no trips yet" in text_of(asker, reverse("travel:index"))


def test_the_way_in_says_how_many_sections_tell_what_a_trip_needs(asker):
    before = [section for section in SECTIONS if section.group == BEFORE]

    assert "Answer four short sections to find out" in text_of(asker, reverse("travel:index"))
    assert len(before) == 4


def test_the_list_holds_what_i_asked_for_and_what_i_take_part_in(client, cast):
    mine = a_draft(cast.colleague)
    with_me = a_draft(cast.traveller, countries=("DE",))
    actions.add_traveller(with_me, cast.colleague, position=1, stated=with_me.lead.clearance_stated)
    draft_of_another = a_draft(cast.traveller)
    actions.add_traveller(draft_of_another, cast.colleague, position=1)
    actions.sync(draft_of_another)
    with_me.equipment.update(carried_by=cast.traveller)
    actions.submit(reload(with_me), by=cast.traveller)
    sign_in(client, cast.colleague)

    text = text_of(client, reverse("travel:index"))

    assert mine.reference in text
    assert with_me.reference in text
    assert draft_of_another.reference not in text
    assert f"Confirm that you are travelling ({with_me.reference})" in text


def test_a_draft_leads_to_its_tasks_and_a_request_to_itself(asker, cast):
    draft, sent = a_draft(cast.traveller), a_trip(cast.traveller)

    links = [link["href"] for link in page(asker, reverse("travel:index")).soup.select("table a")]

    assert address(draft, "tasks") in links
    assert f"{sent.get_absolute_url()}?back=%2Ftravel%2F" in links


def test_the_list_filters_by_status_and_sorts_by_day(asker, cast):
    late, soon = a_draft(cast.traveller, days_ahead=60), a_draft(cast.traveller, days_ahead=20)
    sent = a_trip(cast.traveller, days_ahead=30)
    index = reverse("travel:index")

    drafts = text_of(asker, f"{index}?status=draft&sort=leaves_on")
    others = text_of(asker, f"{index}?status=rejected")

    assert drafts.index(soon.reference) < drafts.index(late.reference)
    assert sent.reference not in drafts
    assert "Nothing matches these filters" in others


def test_only_the_security_roles_find_all_requests(client, cast):
    for who, sees in ((cast.security, True), (cast.auditor, True), (cast.traveller, False), (cast.superuser, False)):
        content = sign_in(client, who).get(reverse("travel:index")).content.decode()
        assert (reverse("travel:all") in content) is sees


def test_a_deleted_draft_leaves_the_list(asker, cast):
    trip = a_draft(cast.traveller)

    post(asker, address(trip, "discard"), **{"proof-code": phone_of(cast.traveller)})

    assert reload(trip).approval.status == Status.WITHDRAWN
    assert trip.reference not in text_of(asker, reverse("travel:index"))


# The tasks ----------------------------------------------------------------------------------------------------------


def test_a_new_draft_cannot_start_what_depends_on_triage(asker, cast):
    trip = actions.start(by=cast.traveller)

    tasks = page(asker, address(trip, "tasks"))

    assert tasks.soup.select(".govuk-task-list__status--cannot-start-yet")
    links = [link["href"] for link in tasks.soup.select(".govuk-task-list a")]
    assert links == [
        address(trip, "section", section=key) for key in ("before-you-ask", "travellers", "itinerary", "purpose")
    ]


def test_the_tasks_say_what_triage_said_so_far(asker, cast):
    assert "the full process" in text_of(asker, address(a_draft(cast.traveller, countries=("DE",)), "tasks"))
    assert "your line manager only" in text_of(asker, address(a_draft(cast.traveller), "tasks"))


def test_a_request_sent_back_says_by_whom_and_what_they_wrote(asker, cast):
    trip = a_trip(cast.traveller)
    actions.decide(trip, decision="send_back", by=cast.manager, comment="Which hotel?\nAnd why two laptops?")

    text = text_of(asker, address(trip, "tasks"))

    assert "Mark Manager sent this back to you" in text
    assert "Which hotel?" in text
    assert "What was asked in earlier rounds" not in text


def test_what_was_asked_in_earlier_rounds_stays_to_be_read(asker, cast):
    trip = a_trip(cast.traveller)
    actions.decide(trip, decision="send_back", by=cast.manager, comment="Which hotel?")
    actions.submit(reload(trip), by=cast.traveller)
    actions.decide(reload(trip), decision="send_back", by=cast.manager, comment="Which flight?")

    text = text_of(asker, address(trip, "tasks"))

    assert text.index("Which flight?") < text.index("What was asked in earlier rounds") < text.index("Which hotel?")


def test_comments_are_shown_as_text_and_never_as_html(asker, cast):
    trip = a_trip(cast.traveller)
    actions.decide(trip, decision="send_back", by=cast.manager, comment="<script>alert(1)</script>")

    assert "<script>alert(1)" not in asker.get(address(trip, "tasks")).content.decode()


# Triage's answer ----------------------------------------------------------------------------------------------------


def test_the_answer_gives_the_rules_the_chain_and_the_day_to_ask_by(asker, cast):
    trip = a_draft(cast.traveller, countries=("DE", ("FR", "transit")), days_ahead=40)

    answer = page(asker, address(trip, "answer"))

    text = answer.text
    assert "This trip needs the full process" in text
    assert "Germany is a high-attention country." in text
    assert "France is a high-attention country, and passing through counts like visiting." in text
    assert "policy version 1" in text
    for name in ("Mark Manager", "Sana Senior", "MoJ Security", "Operational Security"):
        assert name in text
    asked_by = add_working_days(trip.leaves_on, -15)
    assert f"Ask by {asked_by.day} {asked_by:%B %Y}" in text
    start = page(asker, reverse("travel:start")).soup
    for link in answer.soup.select("main li a[href*='#']"):
        assert start.find(id=link["href"].partition("#")[2]) is not None


def test_short_notice_is_said_and_never_blocks(asker, cast):
    trip = a_draft(cast.traveller, days_ahead=5)

    text = text_of(asker, address(trip, "answer"))

    assert "less than the usual 15 working days" in text
    assert "Ask all the same" not in text
    assert page(asker, address(trip, "check")).status == 200


def test_a_day_to_ask_by_that_has_passed_is_said_so(asker, cast):
    trip = a_draft(cast.traveller, countries=("DE",), days_ahead=3)

    assert "Ask all the same" in text_of(asker, address(trip, "answer"))


def test_an_area_without_a_route_is_told_that_moj_security_names_somebody(client, cast):
    trip = a_draft(cast.unrouted, countries=("DE",), stated="bpss")
    sign_in(client, cast.unrouted)

    assert "MoJ Security will name an approver" in text_of(client, address(trip, "answer"))


def test_a_trip_that_needs_nothing_says_what_to_do_and_can_be_kept_as_evidence(asker, cast):
    trip = a_draft(cast.traveller, takes_equipment=False, uses_services=False)

    text = text_of(asker, address(trip, "answer"))
    assert "You do not need approval for this trip" in text
    assert "leave your MoJ equipment at home" in text
    assert "give a colleague permission" in text

    response = post(asker, address(trip, "answer"))

    assert response["Location"] == trip.get_absolute_url()
    assert reload(trip).approval.status == Status.NOT_NEEDED


def test_before_anything_is_known_the_answer_leads_to_the_tasks(asker, cast):
    trip = actions.start(by=cast.traveller)

    assert asker.get(address(trip, "answer"))["Location"] == address(trip, "tasks")


# Who decides --------------------------------------------------------------------------------------------------------


def test_a_wrong_line_manager_is_put_right_for_this_request_and_reported(asker, cast):
    trip = a_draft(cast.traveller)
    right = person("Rita Right")

    response = post(
        asker,
        address(trip, "choose-approver", stage="line_manager"),
        email=right.email.upper(),
        reason="I moved teams.",
    )

    assert response["Location"] == address(trip, "answer")
    assert "Rita Right" in text_of(asker, address(trip, "answer"))
    assert Event.objects.filter(action="trip.wrong_manager").exists()
    assert Message.objects.filter(template="trip-wrong-manager", recipient=cast.user_administrator).exists()


def test_another_senior_civil_servant_can_be_picked(asker, cast):
    trip = a_draft(cast.traveller, countries=("DE",))
    other = make_senior(person("Otto Other"))

    post(asker, address(trip, "choose-approver", stage="senior"), email=other.email, reason="She is on leave.")

    assert ChosenApprover.objects.get().person == other
    assert "Otto Other" in text_of(asker, address(trip, "answer"))


@pytest.mark.parametrize(
    ("who", "says"),
    [
        ("colleague", "not entitled to approve this"),
        ("traveller", "Somebody who takes part in this trip may not decide it"),
    ],
)
def test_whoever_may_not_decide_cannot_be_picked_and_nothing_typed_is_lost(asker, cast, who, says):
    trip = a_draft(cast.traveller, countries=("DE",))
    email = getattr(cast, who).email

    response = post(asker, address(trip, "choose-approver", stage="senior"), email=email, reason="Because I say so.")

    assert response.status_code == 409
    content = response.content.decode()
    assert says in content
    assert email in content
    assert "Because I say so." in content


def test_somebody_unknown_and_somebody_who_left_cannot_be_picked_and_look_alike(asker, cast):
    trip = a_draft(cast.traveller, countries=("DE",))
    gone = make_senior(person("Gone Away", is_active=False))

    for email in (gone.email, "nobody@example.justice.test"):
        response = post(asker, address(trip, "choose-approver", stage="senior"), email=email, reason="Why not.")
        assert "Nobody with this email address can decide a request" in response.content.decode()


def test_a_stage_that_nobody_can_choose_for_does_not_exist(asker, cast):
    trip = a_draft(cast.traveller)

    assert asker.get(address(trip, "choose-approver", stage="moj_security")).status_code == 404


# Check and submit ---------------------------------------------------------------------------------------------------


def test_the_check_shows_every_answer_with_a_way_to_change_it(asker, cast):
    trip = a_draft(cast.traveller, countries=("DE", ("FR", "transit")))
    trip.companions.create(name="Sam Spouse", relation="partner")
    Trip.objects.filter(pk=trip.pk).update(travels_alone=False)

    check = page(asker, address(trip, "check"))

    for words in (
        "Tess Traveller", cast.traveller.email, "HMCTS", "SC", "Visit: Germany", "Pass through: France",
        "Dell Latitude 5440", "MOJ-104233", "DOM1", "MoJ VPN", "To work on the treaty",
        "E-mail and the case management system.", "Sam Spouse (partner)", "Cost centre 1234",
        "confirm the business need",
    ):  # fmt: skip
        assert words in check.text
    changes = {link["href"] for link in check.soup.select(".govuk-summary-list__actions a")}
    assert address(trip, "section", section="itinerary") in changes
    assert len(changes) == 11


def test_submitting_takes_the_declaration(asker, cast):
    trip = a_draft(cast.traveller)

    response = post(asker, address(trip, "check"))

    assert "Confirm that what you have said is complete and true" in response.content.decode()
    assert reload(trip).approval.status == Status.DRAFT


def test_a_double_click_on_submit_submits_once(asker, cast):
    trip = a_draft(cast.traveller, countries=("DE",))
    form = page(asker, address(trip, "check")).form(is_true="on")

    first, second = (asker.post(address(trip, "check"), form) for _ in range(2))

    assert first["Location"] == second["Location"] == address(trip, "submitted")
    assert reload(trip).approval.round == 1
    assert Step.objects.count() == 4
    assert Event.objects.filter(action="approval.submit").count() == 1


def test_the_submitted_page_says_the_reference_and_who_is_next(asker, cast):
    trip = a_trip(cast.traveller, countries=("DE",))

    text = text_of(asker, address(trip, "submitted"))

    assert trip.reference in text
    assert text.index("Mark Manager") < text.index("Sana Senior") < text.index("MoJ Security")
    due_on = Step.objects.get(stage="line_manager").due_on
    assert f"Mark Manager decides, likely by {due_on.day} {due_on:%B %Y}" in text
    assert "Do not take the equipment abroad" in text


def test_the_submitted_page_says_that_somebody_has_to_be_named(asker, cast):
    type(cast.traveller).objects.filter(pk=cast.traveller.pk).update(line_manager=None)
    cast.traveller.refresh_from_db()
    trip = a_trip(cast.traveller)

    text = text_of(asker, address(trip, "submitted"))

    assert "Line manager: MoJ Security finds the right person, who decides, likely by" in text


@pytest.mark.parametrize(("fields", "days"), [({"takes_equipment": False}, 40), ({"lateness": "abroad"}, 0)])
def test_nobody_is_told_to_leave_at_home_what_they_do_not_take_or_have_taken(asker, cast, fields, days):
    trip = a_trip(cast.traveller, countries=("DE",), days_ahead=days, **fields)

    assert "Do not take the equipment abroad" not in text_of(asker, address(trip, "submitted"))


def test_a_request_with_gaps_cannot_be_checked_yet(asker, cast):
    trip = a_draft(cast.traveller, reason="")

    assert asker.get(address(trip, "check"))["Location"] == address(trip, "tasks")


def test_a_request_with_gaps_cannot_be_submitted_by_a_page_opened_before(asker, cast):
    trip = a_draft(cast.traveller)
    form = page(asker, address(trip, "check")).form(is_true="on")
    Trip.objects.filter(pk=trip.pk).update(reason="")

    response = asker.post(address(trip, "check"), form)

    assert response.status_code == 409
    assert "Still to answer: What you will use, and why." in response.content.decode()


def test_coming_back_to_the_check_after_submitting_says_how_the_request_stands(asker, cast):
    trip = a_trip(cast.traveller)

    response = asker.get(address(trip, "check"))

    assert response.status_code == 403
    assert "in review" in response.content.decode()
    assert trip.get_absolute_url() in response.content.decode()


# Other people's drafts ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tasks", "answer", "check", "discard", "copy"])
def test_somebody_elses_draft_does_not_exist(client, cast, name):
    trip = a_draft(cast.traveller)

    for who in (cast.colleague, cast.manager, cast.security, cast.superuser):
        sign_in(client, who)
        assert client.get(address(trip, name)).status_code == 404
        assert client.post(address(trip, name)).status_code == 404


# Copy, withdraw, cancel, amend, confirm -----------------------------------------------------------------------------


def test_a_copy_has_the_answers_but_neither_dates_nor_decisions(asker, cast):
    trip = a_trip(cast.traveller, countries=("DE",), upto="senior")
    form = page(asker, address(trip, "copy")).form()

    first, second = (asker.post(address(trip, "copy"), form) for _ in range(2))

    new = Trip.objects.exclude(pk=trip.pk).get()
    assert first["Location"] == second["Location"] == address(new, "tasks")
    assert (new.reason, new.leaves_on, new.approval.status) == (trip.reason, None, Status.DRAFT)
    assert [item.asset_tag for item in new.equipment.all()] == ["MOJ-104233"]
    assert not new.legs.exists()
    assert new.lead.clearance_stated.key == "sc"


def test_a_copy_without_those_who_have_left_asks_anew_who_travels(client, cast):
    trip = a_draft(cast.manager)
    trip.travellers.update(person=cast.colleague)
    User.objects.filter(pk=cast.colleague.pk).update(is_active=False)
    sign_in(client, cast.manager)

    tasks = post(client, address(trip, "copy"))["Location"]

    new = Trip.objects.exclude(pk=trip.pk).get()
    assert not new.travellers.exists()
    assert page(client, tasks).status == 200
    assert page(client, address(new, "section", section="itinerary")).status == 200
    assert page(client, address(new, "section", section="travellers")).held["rows-0-email"] == ""
    assert client.get(address(new, "choose-approver", stage="line_manager"))["Location"] == tasks


@pytest.mark.parametrize(
    ("name", "upto", "status"),
    [
        ("withdraw", "", Status.WITHDRAWN),
        ("cancel", "line_manager", Status.CANCELLED),
        ("amend", "line_manager", Status.SENT_BACK),
    ],
)
def test_ending_or_reopening_takes_a_reason(asker, cast, name, upto, status):
    trip = a_trip(cast.traveller, upto=upto)

    refused = post(asker, address(trip, name))
    assert "Enter the reason" in refused.content.decode()
    assert reload(trip).approval.status == trip.approval.status

    post(asker, address(trip, name), reason="The hearing moved.")
    assert reload(trip).approval.status == status


def test_a_reopened_request_says_so_on_its_tasks(asker, cast):
    trip = a_trip(cast.traveller, upto="line_manager")

    response = post(asker, address(trip, "amend"), reason="One day longer.")

    assert response["Location"] == address(trip, "tasks")
    assert "You reopened this approved request" in text_of(asker, address(trip, "tasks"))


def test_withdrawing_from_a_page_that_was_overtaken_tells_what_happened_and_keeps_the_reason(asker, cast):
    trip = a_trip(cast.traveller)
    form = page(asker, address(trip, "withdraw")).form(reason="The hearing moved.")
    actions.decide(reload(trip), decision="approve", by=cast.manager)

    response = asker.post(address(trip, "withdraw"), form)

    assert response.status_code == 409
    content = response.content.decode()
    assert "by Mark Manager" in content
    assert "The hearing moved." in content


def test_a_traveller_confirms_what_somebody_else_asked_for(client, cast):
    trip = a_draft(cast.traveller, countries=("KE", ("FR", "transit")))
    assert trip.approval.title == "Kenya, through France"
    actions.add_traveller(trip, cast.colleague, position=1, stated=trip.lead.clearance_stated)
    trip.equipment.update(carried_by=cast.traveller)
    actions.submit(reload(trip), by=cast.traveller)
    sign_in(client, cast.colleague)

    confirm = page(client, address(trip, "confirm"))
    for words in (
        "Tess Traveller asked for this trip for you", "Visit: Kenya", "Pass through: France", "Carl Colleague",
        "MOJ-104233", "Carried by Tess Traveller", "France is a high-attention country",
    ):  # fmt: skip
        assert words in confirm.text
    client.post(address(trip, "confirm"), confirm.form())

    assert trip.travellers.get(person=cast.colleague).confirmed_at is not None
    assert client.get(address(trip, "confirm"))["Location"] == trip.get_absolute_url()
