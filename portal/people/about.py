"""What does the portal know about a person?

``SECTIONS`` is the whole answer, one row an area: the page and the file that a person gets about themselves are made of
it, so neither can say less than the other.  Each area is a function that yields facts; each row names the columns of
the database it speaks for, and a test fails when a column points at a person and nobody speaks for it.

What is in it, and what is not:

* Everything the person said, did, holds or was sent; what was decided on their requests, as the pages of those requests
  show it; and who opened their record, since that is theirs to know, whatever else R372 keeps apart.
* Never a secret: of a factor, a password or a session there is only its kind and its days.
* Of others only what the person meets anyway: who reports to them, who decided, who asked.  A draft that names them is
  its author's until it is sent.  How somebody made sure who asked for a reset is left out, since it would tell an
  impostor what to prepare for, and so is the network address of whoever acted on the person's account.

Every function takes a constant number of queries, and reads its rows one after the other.
"""

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.db.models import BigIntegerField, Count, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, NullIf
from django_otp.plugins.otp_static.models import StaticDevice

from portal.accounts.models import HeldClearance, ManagerCorrection, PostHolder, RoleHeld, SeniorCivilServant, User
from portal.approvals.models import Acceptance, Approval, Party, Receipt, Step
from portal.approvals.views import sentence_of
from portal.audit.models import Event
from portal.mfa.models import (
    TOTP,
    EmailCode,
    FactorRule,
    PasswordUsed,
    RecoveryPhone,
    Release,
    ResetRequest,
    SecurityKey,
    SignInState,
)
from portal.mfa.sessions import browser_of
from portal.notifications.delivery import subject_of
from portal.notifications.models import Message
from portal.ui.fields import capitalised
from portal.ui.wording import counted, govuk_date, govuk_datetime
from travel.models import ChosenApprover, Equipment, Submission, TaskDone, Traveller

from .facts import period, role_name
from .models import RoleProposal

CHUNK = 500  # rows that are held at once


class Fact(NamedTuple):
    """One thing that is known: what it is, what it says, and since when or when it happened."""

    what: str
    value: str
    when: datetime.date | None = None


Facts = Iterator[Fact]


def each(rows: QuerySet) -> Iterator[Any]:
    return rows.iterator(chunk_size=CHUNK)


# Who you are --------------------------------------------------------------------------------------------------------


def account(person: User) -> Facts:
    person = User.objects.select_related("business_area", "line_manager", "sponsor").get(pk=person.pk)
    yield Fact("Name", person.full_name)
    yield Fact("Work email address", person.email)
    for address in each(EmailAddress.objects.filter(user=person).order_by("pk")):
        state = "confirmed" if address.verified else "not confirmed yet"
        yield Fact("Address you sign in with", f"{address.email}, {state}")
    yield Fact("Phone", person.phone or "None")
    yield Fact("Grade", person.grade or "None")
    yield Fact("Business area", str(person.business_area or "None"))
    yield Fact("Person type", person.get_person_type_display())
    yield Fact("Sponsor", named(person.sponsor))
    yield Fact("Last day", govuk_date(person.ends_on) or "None", person.ends_on)
    yield Fact("Line manager", named(person.line_manager))
    yield Fact("Account made", govuk_datetime(person.joined_at), person.joined_at)
    yield Fact("Last signed in", govuk_datetime(person.last_login) or "Never", person.last_login)
    yield Fact("Account", "Open" if person.is_active else "Closed")
    yield Fact("Read-only admin site", "You may open it" if person.is_staff else "You may not open it")
    if person.is_superuser:
        yield Fact("Superuser", "Yes. It lets you do nothing in the portal itself")
    if person.is_demo:
        yield Fact("Invented", "This account was made up for the demonstration")


def named(person: User | None) -> str:
    return f"{person}, {person.email}" if person else "Nobody"


def people_around(person: User) -> Facts:
    for report in each(person.reports.order_by("full_name", "pk")):
        yield Fact("You are the line manager of", named(report))
    for one in each(User.objects.filter(sponsor=person).order_by("full_name", "pk")):
        yield Fact("You are the sponsor of", named(one))
    corrections = ManagerCorrection.objects.filter(
        Q(person=person) | Q(manager=person) | Q(asked_by=person) | Q(settled_by=person)
    ).select_related("person", "manager", "asked_by", "settled_by")
    for case in each(corrections.order_by("-asked_at", "-pk")):
        yield from correction(case, person)


def correction(case: ManagerCorrection, person: User) -> Facts:
    """A line manager said to be wrong: whoever is only named learns of it, but not what was said of others."""
    is_told = person.pk in {case.person_id, case.asked_by_id, case.settled_by_id}
    reason = f": {case.reason}" if is_told else ""
    said = f"{case.asked_by} said that it should be {case.manager}{reason}"
    yield Fact(f"Line manager of {case.person}", said, case.asked_at)
    if case.settled_at:
        outcome = "Accepted" if case.is_accepted else "Not changed"
        answer = f": {case.answer}" if is_told and case.answer else ""
        yield Fact(f"Line manager of {case.person}", f"{outcome} by {case.settled_by}{answer}", case.settled_at)


def roles(person: User) -> Facts:
    for held in each(person.roles_held.select_related("business_area", "given_by").order_by("-from_on", "-pk")):
        by = f", given by {held.given_by}" if held.given_by else ""
        confirmed = f", last confirmed on {govuk_date(held.certified_on)}" if held.certified_on else ""
        yield Fact(
            f"Role: {role_name(held)}", f"{capitalised(period(held))}{by}{confirmed}: {held.reason}", held.from_on
        )
    for post in each(PostHolder.objects.filter(person=person).select_related("business_area").order_by("-from_on")):
        yield Fact(f"Post: {post.get_post_display()} of {post.business_area}", capitalised(period(post)), post.from_on)
    for senior in each(SeniorCivilServant.objects.filter(person=person).order_by("-from_on")):
        yield Fact("Senior Civil Servant", capitalised(period(senior)), senior.from_on)
    given = RoleHeld.objects.filter(given_by=person).select_related("person", "business_area")
    for held in each(given.order_by("-from_on", "-pk")):
        yield Fact("You gave a role", f"{role_name(held)} to {held.person}: {held.reason}", held.from_on)
    proposals = RoleProposal.objects.filter(Q(person=person) | Q(proposed_by=person) | Q(settled_by=person))
    proposals = proposals.select_related("person", "business_area", "proposed_by", "settled_by")
    for one in each(proposals.order_by("-proposed_at", "-pk")):
        what = f"Proposed role: {role_name(one)} for {one.person}"
        yield Fact(what, f"Proposed by {one.proposed_by}: {one.reason}", one.proposed_at)
        if one.settled_at:
            outcome = "Accepted" if one.is_accepted else "Not given"
            answer = f": {one.answer}" if one.answer else ""
            yield Fact(what, f"{outcome} by {one.settled_by}{answer}", one.settled_at)


def clearance(person: User) -> Facts:
    for held in each(HeldClearance.objects.filter(person=person).select_related("level").order_by("-from_on", "-pk")):
        yield Fact(f"Clearance: {held.level}", capitalised(period(held)), held.from_on)


# How you sign in ----------------------------------------------------------------------------------------------------


def used(device: Any) -> str:
    return f"last used {govuk_datetime(device.last_used_at)}" if device.last_used_at else "never used"


def sign_in(person: User) -> Facts:
    yield Fact("Password", "Set" if person.has_usable_password() else "None")
    for old in each(PasswordUsed.objects.filter(user=person).order_by("-replaced_at")):
        yield Fact("Earlier password", "Only a check value is kept, so that it does not come back", old.replaced_at)
    for key in each(SecurityKey.objects.filter(user=person).order_by("pk")):
        yield Fact("Security key", f"“{key.name}”, {used(key)}", key.created_at)
    for app in each(TOTP.objects.filter(user=person).order_by("pk")):
        state = "" if app.confirmed else ", not set up to the end"
        yield Fact("Authenticator app", f"{capitalised(used(app))}{state}", app.created_at)
    for device in each(StaticDevice.objects.filter(user=person).annotate(left=Count("token_set")).order_by("pk")):
        yield Fact(device.name, f"{counted(device.left, 'code')} left, {used(device)}", device.created_at)
    for device in each(EmailCode.objects.filter(user=person).order_by("pk")):
        state = "You sign in with them" if device.confirmed else "Only to prove your address before a first app"
        yield Fact("Email codes", f"{state}; {used(device)}", device.created_at)
    for phone in each(RecoveryPhone.objects.filter(user=person).order_by("pk")):
        state = "confirmed" if phone.verified_at else "not confirmed"
        yield Fact("Recovery phone", f"Ends in {phone.last_digits}, {state}, {used(phone)}", phone.created_at)
    for linked in each(SocialAccount.objects.filter(user=person).order_by("pk")):
        yield Fact("Single sign-on", f"Linked to Microsoft Entra, identifier {linked.uid}", linked.date_joined)
    for state in each(SignInState.objects.filter(user=person)):
        yield from state_of_sign_in(state, person)
    for rule in each(FactorRule.objects.filter(announced_by=person).select_related("business_area").order_by("-pk")):
        yield Fact(f"You announced a rule of {rule.business_area}", rule.get_what_display(), rule.announced_at)


def state_of_sign_in(state: SignInState, person: User) -> Facts:
    if state.failures:
        yield Fact("Wrong codes in a row", str(state.failures), state.last_failure_at)
    if state.sends_on:
        yield Fact("Codes sent on one day", str(state.sends), state.sends_on)
    if state.must_replace:
        yield Fact("After a recovery", "You have to set up a new authenticator app")
    if state.email_codes_suspended_at:
        yield Fact("Email codes", "Not accepted since a password reset", state.email_codes_suspended_at)
    if state.enrolment_until:
        yield Fact("After a reset", "You may set up an authenticator app until then", state.enrolment_until)
    yield Fact("Times that all your sessions were ended", str(person.security_epoch))


def resets(person: User) -> Facts:
    requests = ResetRequest.objects.filter(Q(person=person) | Q(asked_by=person) | Q(refused_by=person))
    for one in each(requests.select_related("person", "asked_by", "refused_by")):
        what = f"Reset {one} for {one.person}"
        yield Fact(what, f"Asked for by {one.asked_by}: {one.reason}", one.asked_at)
        if one.released_at:
            yield Fact(what, "Released", one.released_at)
        if one.refused_at:
            yield Fact(what, f"Refused by {one.refused_by}: {one.refusal}", one.refused_at)
        if one.used_at:
            yield Fact(what, "Used", one.used_at)
    releases = Release.objects.filter(Q(person=person) | Q(released_by=person))
    for one in each(releases.select_related("request", "person", "released_by").order_by("-released_at", "-pk")):
        is_own_word = one.released_by_id == person.pk
        how = f": {one.how}" if is_own_word else ""
        yield Fact(f"Reset {one.request} for {one.person}", f"Agreed to by {one.released_by}{how}", one.released_at)


def sessions(person: User) -> Facts:
    for one in each(UserSession.objects.filter(user=person).order_by("-created_at", "-pk")):
        yield Fact("Signed in", f"{browser_of(one.user_agent)}, from {one.ip}", one.created_at)


# What was sent, asked and decided -----------------------------------------------------------------------------------


def messages(person: User) -> Facts:
    for message in each(Message.objects.filter(recipient=person).order_by("-pk")):
        channel = "Text message" if message.channel == Message.Channel.TEXT else "Email"
        yield Fact(f"{channel}: {subject_of(message)}", message.get_state_display(), message.created_at)


def known(person: User, approval: str = "approval") -> Q:
    """The condition that leaves out what somebody else has not sent yet."""
    return Q(**{f"{approval}__requester": person}) | Q(**{f"{approval}__submitted_at__isnull": False})


def requests(person: User) -> Facts:
    parties = Party.objects.filter(known(person), person=person).select_related("approval__requester")
    for party in each(parties.order_by("-approval__created_at", "-pk")):
        yield asked_for(party.approval, person)
    submissions = Submission.objects.filter(submitted_by=person).select_related("trip__approval")
    for one in each(submissions.order_by("-submitted_at", "-pk")):
        yield Fact(f"{one.trip.approval}: you sent it", f"Round {one.round}", one.submitted_at)
    yield from travel(person)
    steps = Step.objects.filter(requester=person, decided_by__isnull=False, is_carried=False)
    for step in each(steps.select_related("approval", "decided_by").order_by("-decided_at", "-pk")):
        said = f"{step.approval.said(step.decision)} by {step.decided_by}"
        yield Fact(f"{step.approval}: {step.label}", with_words(said, step.comment), step.decided_at)
    accepted = Acceptance.objects.filter(accepted_by=person).select_related("condition__step__approval")
    for one in each(accepted.order_by("-accepted_at", "-pk")):
        what = f"{one.condition.step.approval}: you accepted a condition"
        yield Fact(what, one.condition.text, one.accepted_at)
    for receipt in each(Receipt.objects.filter(person=person).order_by("-created_at", "-pk")):
        where = receipt.location or "nowhere"
        yield Fact("Form that you sent", f"It led to {where}. Kept so that it counts once", receipt.created_at)


def asked_for(approval: Approval, person: User) -> Fact:
    by = "you" if approval.requester_id == person.pk else approval.requester
    value = f"{approval.title}: {approval.get_status_display().lower()}, asked for by {by}"
    return Fact(str(approval), value, approval.created_at)


def travel(person: User) -> Facts:
    travellers = Traveller.objects.filter(known(person, "trip__approval"), person=person).select_related(
        "trip__approval", "business_area", "clearance_stated", "clearance_held"
    )
    for one in each(travellers.order_by("-pk")):
        said = [f"business area {one.business_area or 'none'}"]
        said += [f"clearance stated {one.clearance_in_words}"] if one.clearance_in_words else []
        said += [f"clearance in the register when judged {one.clearance_held}"] if one.clearance_held else []
        days = f"{govuk_date(one.trip.leaves_on)} to {govuk_date(one.trip.returns_on)}" if one.trip.leaves_on else ""
        said += [days] if days else []
        yield Fact(f"{one.trip.approval}: you travel", capitalised("; ".join(said)))
        if one.confirmed_at:
            yield Fact(f"{one.trip.approval}: you confirmed that you travel", "Yes", one.confirmed_at)
    carried = Equipment.objects.filter(known(person, "trip__approval"), carried_by=person)
    for item in each(carried.select_related("trip__approval").order_by("-pk")):
        yield Fact(f"{item.trip.approval}: you carry", str(item))
    for task in each(TaskDone.objects.filter(person=person).select_related("trip__approval").order_by("-pk")):
        yield Fact(f"{task.trip.approval}: you ticked", task.task, task.done_at)


def with_words(said: str, comment: str) -> str:
    return f"{said}: {comment}" if comment else said


def decisions(person: User) -> Facts:
    steps = Step.objects.filter(Q(decided_by=person) | Q(named_by=person) | Q(assignee=person))
    steps = steps.select_related("approval", "assignee").exclude(state=Step.State.WAITING)
    for step in each(steps.order_by("-opened_at", "-pk")):
        what = f"{step.approval}: {step.label}"
        if step.decided_by_id == person.pk:
            said = f"You decided: {step.approval.said(step.decision).lower()}"
            yield Fact(what, with_words(said, step.comment), step.decided_at)
        elif step.assignee_id == person.pk:
            yield Fact(what, f"Yours to decide: {step.get_state_display().lower()}", step.opened_at)
        if step.named_by_id == person.pk:
            yield Fact(what, f"You named {step.assignee} to decide", step.named_at)
    chosen = ChosenApprover.objects.filter(person=person, trip__approval__submitted_at__isnull=False)
    for one in each(chosen.select_related("trip__approval__requester").order_by("-pk")):
        approval = one.trip.approval
        yield Fact(f"{approval}: you were picked to decide", f"By {approval.requester}: {one.reason}")


# What was written down ----------------------------------------------------------------------------------------------


def events(person: User) -> Facts:
    """What the person did, and what was done to their account, in the sentences of the audit log."""
    mine, about_me = Q(actor=str(person.pk)), Q(target_kind=person._meta.label_lower, target_id=str(person.pk))
    actor = User.objects.filter(pk=Cast(NullIf(OuterRef("actor"), Value("")), BigIntegerField()))
    rows = Event.objects.filter(mine | about_me).annotate(actor_name=Subquery(actor.values("full_name")[:1]))
    for event in each(rows.order_by("-id")):
        is_mine = event.actor == str(person.pk)
        place = f", from {event.source_ip}" if is_mine and event.source_ip else ""
        yield Fact("By you" if is_mine else "About you", f"{sentence_of(event)}{place}", event.at)


# The table ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Section:
    """One area: its name, the function that yields what is known, and the columns that it speaks for."""

    title: str
    facts: Callable[[User], Facts]
    covers: tuple[str, ...] = ()


SECTIONS = (
    Section(
        "Your account",
        account,
        ("accounts.User.line_manager", "accounts.User.sponsor", "account.EmailAddress.user"),
    ),
    Section(
        "People around you",
        people_around,
        (
            "accounts.ManagerCorrection.person",
            "accounts.ManagerCorrection.manager",
            "accounts.ManagerCorrection.asked_by",
            "accounts.ManagerCorrection.settled_by",
        ),
    ),
    Section(
        "Roles, posts and grade",
        roles,
        (
            "accounts.RoleHeld.person",
            "accounts.RoleHeld.given_by",
            "accounts.PostHolder.person",
            "accounts.SeniorCivilServant.person",
            "people.RoleProposal.person",
            "people.RoleProposal.proposed_by",
            "people.RoleProposal.settled_by",
        ),
    ),
    Section("Clearance", clearance, ("accounts.HeldClearance.person",)),
    Section(
        "How you sign in",
        sign_in,
        (
            "mfa.PasswordUsed.user",
            "mfa.RecoveryPhone.user",
            "mfa.SignInState.user",
            "mfa.FactorRule.announced_by",
            "django_otp_webauthn.WebAuthnCredential.user",
            "otp_totp.TOTPDevice.user",
            "otp_static.StaticDevice.user",
            "otp_email.EmailDevice.user",
            "socialaccount.SocialAccount.user",
        ),
    ),
    Section(
        "Resets",
        resets,
        (
            "mfa.ResetRequest.person",
            "mfa.ResetRequest.asked_by",
            "mfa.ResetRequest.refused_by",
            "mfa.Release.person",
            "mfa.Release.released_by",
        ),
    ),
    Section("Sessions", sessions, ("usersessions.UserSession.user",)),
    Section("Messages", messages, ("notifications.Message.recipient",)),
    Section(
        "Requests",
        requests,
        (
            "approvals.Approval.requester",
            "approvals.Party.person",
            "approvals.Step.requester",
            "approvals.Acceptance.accepted_by",
            "approvals.Receipt.person",
            "travel.Submission.submitted_by",
            "travel.Traveller.person",
            "travel.Equipment.carried_by",
            "travel.TaskDone.person",
        ),
    ),
    Section(
        "Decisions",
        decisions,
        (
            "approvals.Step.assignee",
            "approvals.Step.decided_by",
            "approvals.Step.named_by",
            "travel.ChosenApprover.person",
        ),
    ),
    Section("Audit log", events),
)

#: Columns that point at a person and say nothing of them, each with the reason.
SAYS_NOTHING = {
    "admin.LogEntry.user": "The admin site only reads, so nothing is ever written here.",
    "accounts.User_groups.user": "Roles are rows of RoleHeld; Django's groups are not used.",
    "accounts.User_user_permissions.user": "Roles are rows of RoleHeld; Django's permissions are not used.",
    "django_otp_webauthn.WebAuthnUserHandle.user": "A random name for the person, made for the browser's own list.",
}


def everything(person: User) -> Iterator[tuple[str, str, str, datetime.date | None]]:
    """Yield the rows of the file: area, what, value, when."""
    for section in SECTIONS:
        for fact in section.facts(person):
            yield section.title, fact.what, fact.value, fact.when
