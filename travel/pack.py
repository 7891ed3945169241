"""What do travellers need before they leave, and when something goes wrong?  The tables behind two pages.

Nothing here prints a blank: a contact without details is replaced by its stand-in, and one without either is refused
(Q11).
"""

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.db import Error
from django.urls import reverse

from portal.accounts.models import User
from portal.approvals.models import Condition
from portal.directory import reference
from portal.directory.models import Contact, contacts
from portal.workdays import add_working_days

from .models import TaskDone, Trip

DESK, DUTY_OFFICER, BRANCH = "service-desk", "duty-security-officer", "corporate-security-branch"
DEPARTMENTAL, HMPPS, MOBILE = "departmental-security-officer", "hmpps-information-security", "mobile-devices"
EMERGENCY = (DESK, DUTY_OFFICER, BRANCH, DEPARTMENTAL, HMPPS)
FRESH_FOR = 10  # working days before departure: an earlier copy may be out of date when it is needed (Q24)


class BlankContact(Exception):
    """A contact that has neither details nor a stand-in who has them."""


# Contacts -----------------------------------------------------------------------------------------------------------


def usable(contact: Contact) -> Contact:
    """Return the contact to print.

    :raises BlankContact: there is nothing to ring or write to.
    """
    found = contact.reachable
    if found.details_missing or found.is_retired:
        raise BlankContact(f"{contact.name} has neither details nor a stand-in who has them.")
    return found


@dataclass(frozen=True)
class Line:
    """One contact as a page prints it: whom it is for, and who answers."""

    asked_for: Contact
    answers: Contact

    @property
    def is_stand_in(self) -> bool:
        return self.answers.key != self.asked_for.key


def lines(*keys: str) -> dict[str, Line]:
    """Return these contacts, ready to print; what the database cannot say is taken as it was shipped."""
    try:
        found = contacts(*keys)
    except Error:
        found = {}
    shipped = reference.unsaved(*keys)
    answer = {}
    for key in keys:
        for contact in (found.get(key), shipped[key]):
            try:
                answer[key] = Line(contact, usable(contact)) if contact else None
            except BlankContact:
                answer[key] = None
            if answer[key]:
                break
        else:
            raise BlankContact(f"{shipped[key].name} has neither details nor a stand-in who has them.")
    return answer


# Before leaving -----------------------------------------------------------------------------------------------------


def takes_equipment(trip: Trip) -> bool:
    return bool(trip.takes_equipment)


def stays_connected(trip: Trip) -> bool:
    return bool(trip.takes_equipment or trip.uses_services)


def logs_out(trip: Trip) -> bool:
    return trip.personal_device == Trip.PersonalDevice.LOG_OUT


def uninstalls(trip: Trip) -> bool:
    return trip.personal_device == Trip.PersonalDevice.UNINSTALL


def has_conditions(trip: Trip) -> bool:
    return conditions_of(trip).exists()


def always(trip: Trip) -> bool:
    return True


@dataclass(frozen=True)
class Task:
    """One row of the checklist; ``contact`` is a key of the directory, ``page`` the name of a page of the trip."""

    key: str
    title: str
    why: str
    applies: Callable[[Trip], bool] = always
    contact: str = ""
    page: str = ""
    link_text: str = ""


TASKS = (
    Task(
        "conditions",
        "Accept the conditions",
        "Your approvers asked something of you. The approval rests on it.",
        has_conditions,
        page="travel:conditions",
        link_text="Read and accept the conditions",
    ),
    Task(
        "guidance",
        "Take a copy of the guidance",
        "You may have no connection, or no device, when you need its phone numbers. Print this page, or keep it where "
        "you can read it without the equipment that you might lose.",
    ),
    Task(
        "roaming",
        "Have your equipment switched on for abroad",
        "MoJ phones, tablets and laptops do not connect abroad until the mobile devices team allows it. Give them your "
        "dates, the countries and the asset tags.",
        takes_equipment,
        contact=MOBILE,
    ),
    Task(
        "remote-wipe",
        "Have remote wipe switched on",
        "If equipment is lost or stolen, what is on it can then be deleted from here. The same team does this, so ask "
        "for both at once.",
        takes_equipment,
        contact=MOBILE,
    ),
    Task(
        "charges",
        "Tell your business unit what it may cost",
        "Calls and data abroad can be expensive, and your business unit pays for them.",
        stays_connected,
    ),
    Task(
        "files",
        "Remove the files you will not need",
        "What is not on the device cannot be lost with it.",
        takes_equipment,
    ),
    Task(
        "inbox",
        "Let a colleague look after your inbox",
        "If somebody has to read your e-mail while you are away, give a colleague access to it rather than reading it "
        "on the road.",
    ),
    Task(
        "log-out",
        "Log out of MoJ apps on your own devices",
        "You said that you would. A phone of your own that is still signed in counts as MoJ information taken abroad.",
        logs_out,
    ),
    Task(
        "uninstall",
        "Uninstall MoJ apps from your own devices",
        "You said that you would. You can install them again when you are back.",
        uninstalls,
    ),
    Task(
        "related",
        "Read the travel advice for where you are going",
        "The Foreign, Commonwealth and Development Office says what to expect in each country. The pages listed below "
        "say more about equipment and about your part in keeping things safe.",
    ),
)

RELATED = (
    ("Foreign travel advice, by country (FCDO)", "https://www.gov.uk/foreign-travel-advice"),
    ("Overseas travel (on the intranet)", ""),
    ("Taking equipment abroad: advice (on the intranet)", ""),
    ("Staff security responsibilities during employment (on the intranet)", ""),
)


@dataclass(frozen=True)
class Item:
    """One row of one person's checklist."""

    task: Task
    is_done: bool
    line: Line | None = None
    url: str = ""


def tasks_of(trip: Trip) -> list[Task]:
    """Return the tasks that this trip asks of its travellers."""
    return [task for task in TASKS if task.applies(trip)]


def conditions_of(trip: Trip):
    """Return what the approvers of the current round require."""
    return Condition.objects.filter(step__approval=trip.approval, step__round=trip.approval.round)


def checklist(trip: Trip, *, person: User, known: Mapping[str, Line]) -> list[Item]:
    """Return this person's checklist; conditions are done when they were accepted, all else when it was ticked."""
    done = set(TaskDone.objects.filter(trip=trip, person=person).values_list("task", flat=True))
    tasks = tasks_of(trip)
    if any(task.page for task in tasks) and not conditions_of(trip).exclude(acceptances__accepted_by=person).exists():
        done.add("conditions")
    return [
        Item(
            task,
            is_done=task.key in done,
            line=known[task.contact] if task.contact else None,
            url=reverse(task.page, args=[trip.reference]) if task.page else "",
        )
        for task in tasks
    ]


def valid_until(trip: Trip) -> datetime.date:
    """The day after the return is the last on which a copy may be relied on (Q24)."""
    return trip.returns_on + datetime.timedelta(days=1)


def print_from(trip: Trip) -> datetime.date:
    """Return the first day on which a copy is fresh enough to take along."""
    return add_working_days(trip.leaves_on, -FRESH_FOR)


# When something goes wrong ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Problem:
    """What happened, and what to do, in order."""

    key: str
    title: str
    steps: tuple[str, ...]


PROBLEMS = (
    Problem(
        "lost-or-stolen",
        "Something is lost or stolen",
        (
            "Ring the Service Desk now. Say what it is, and whether it is lost or stolen.",
            "Ask them to cut it off and to delete what is on it.",
            "Tell Corporate Security Branch as soon as you can.",
            "If it turns up again, leave it switched off and do not use it for work: it counts as compromised.",
        ),
    ),
    Problem(
        "out-of-sight",
        "Officials took it where you could not see it",
        (
            "Let it go if keeping it would put you at risk.",
            "From then on it counts as compromised, even if it came back after a minute and looks as before. Do not "
            "unlock it, and do not use it for work.",
            "Ring the Service Desk as soon as you can. Say that it was out of your sight. They will cut it off.",
            "Tell Corporate Security Branch. If it was a phone, ask them to tell the Departmental Security Officer.",
            "Write down who the officials were, where, and when, once it is safe to.",
        ),
    ),
    Problem(
        "behaves-oddly",
        "It behaves oddly, or a seal is broken",
        (
            "Stop using it.",
            "Ring the Service Desk at once. Say that it may be compromised, and what you saw.",
            "If you are not sure, ring all the same, and ask your line manager.",
        ),
    ),
    Problem(
        "asked-to-unlock",
        "Officials ask you to unlock it",
        (
            "Think of your safety and freedom first. No information is worth either: if refusing puts you in danger, "
            "stop refusing.",
            "Say at once that you work for the United Kingdom government and are here on its business. Show something "
            "official with your name and photo.",
            "Stay calm and polite. Offer the names and numbers of your office, and of your hosts, and invite the "
            "officials to ring them.",
            "If they insist, say it all once more. Add that the device is government property, holds sensitive "
            "information, and that you may not give access to it.",
            "Ask to speak to a senior officer.",
            "Write down names and offices when you can. If it was unlocked or taken away, follow the steps for a "
            "device that was out of your sight.",
        ),
    ),
    Problem(
        "anything-else",
        "Any other security incident",
        (
            "Tell Corporate Security Branch as soon as you can, whether or not MoJ equipment is involved.",
            "Outside UK office hours, ring the Duty Security Officer.",
        ),
    ),
)

NEVER = (
    "Do not put yourself in danger for a device or for what is on it.",
    "Do not wait until you are home, and do not wait because you feel at fault. Reporting helps everybody.",
    "Do not use equipment for work again after it was lost, taken out of your sight, or cut off, although a phone that "
    "was cut off may still make calls.",
    "Do not say more than you have to on the phone or by text message: both can be overheard abroad.",
)
