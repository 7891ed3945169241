"""Who holds which role, and how does one get it?"""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse, reverse_lazy
from django.utils.functional import cached_property

from portal.accounts.models import ADMINISTRATORS, Role, RoleHeld, User
from portal.accounts.policies import is_people_administrator, is_user_administrator
from portal.approvals.views import OncePage
from portal.audit import log
from portal.documents import csv_file, xlsx_file
from portal.mfa.stepup import ProvedPage
from portal.people import facts, policies
from portal.people.actions import review, roles
from portal.people.forms.accounts import ExportForm
from portal.people.forms.roles import (
    AnswerProposalForm,
    EndForm,
    GiveRoleForm,
    ReviewForm,
    RoleFilter,
)
from portal.people.models import RoleProposal
from portal.ui.html import link
from portal.ui.views import Action, BasePage, Column, ConfirmPage, DetailPage, FormPage, ListPage, RecordView
from portal.ui.wording import counted, govuk_date, govuk_datetime, govuk_short_date

from .base import PersonPage, people_known_to
from .lists import DownloadPage

NOBODY_ELSE = "Nobody else holds this role. What waits for it would wait until somebody does."
LAST = "There is no other user administrator now. The role ends only when there is one."


def roles_known_to(user: User) -> QuerySet[RoleHeld]:
    """Return the roles of those whom this person administers; an auditor sees everybody's."""
    rows = RoleHeld.objects.select_related("person__business_area", "business_area", "given_by")
    if is_user_administrator(user) or user.has_role(Role.AUDITOR):
        return rows
    return rows.filter(person__in=people_known_to(user))


# One person ---------------------------------------------------------------------------------------------------------


def held_by(person: User) -> dict[str, Any]:
    """What templates/people/held.html shows: the roles, posts and grade that a person holds or will."""
    return {
        "reviews": facts.reviews(facts.not_over(person.roles_held.select_related("business_area")).order_by("from_on")),
        "posts": facts.not_over(person.posts_held.select_related("business_area")).order_by("from_on"),
        "grades": facts.not_over(person.senior_periods.all()).order_by("from_on"),
    }


class MyRoles(BasePage):
    """What the reader may do for others, and until when."""

    title = "Your roles"
    template_name = "people/roles_mine.html"
    back_url = reverse_lazy("people:me")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(**held_by(request.user)))


class RolesOf(PersonPage, DetailPage):
    """What one person may do for others, and the ways to change it."""

    policy = staticmethod(lambda user, person: is_people_administrator(user))
    title = "Roles, posts and grade"
    template_name = "people/roles_of.html"

    @property
    def may_change(self) -> bool:
        return policies.can_change_roles(self.request.user, self.person)

    @property
    def actions(self) -> list[Action]:
        user, person, found = self.request.user, self.person, []
        if self.may_change:
            found.append(Action("Give a role", reverse("people:role-give", args=[person.pk])))
        if policies.can_give_post(user, person):
            found.append(Action("Make Governor", reverse("people:post-give", args=[person.pk])))
        if self.may_change:
            found.append(Action("Record as Senior Civil Servant", reverse("people:grade-give", args=[person.pk])))
        return found

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        waiting = self.person.role_proposals.filter(settled_at=None).select_related("proposed_by", "business_area")
        return super().get_context_data(**held_by(self.person), proposals=waiting, **kwargs)


class OfPerson:
    """A page that changes what one person holds: it comes from, and leads back to, the page of their roles."""

    @property
    def roles_url(self) -> str:
        return reverse("people:roles-of", args=[self.person.pk])

    back_url = cancel_url = success_url = property(lambda self: self.roles_url)


class GiveRole(OfPerson, PersonPage, ProvedPage, OncePage, FormPage):
    """An ordinary role is held at once; one that makes an administrator waits for a second administrator."""

    policy = staticmethod(policies.can_change_roles)
    title = "Give a role"
    template_name = "people/role_give.html"
    form_class = GiveRoleForm
    submit_label = "Give this role"

    def get_initial(self) -> dict[str, Any]:
        return {"from_on": facts.today()}

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"person": self.person}

    def act(self, form: GiveRoleForm) -> None:
        given = dict(form.cleaned_data)
        if given["role"] in ADMINISTRATORS:
            roles.propose_role(self.person, by=self.request.user, **given)
            self.success_message = "You proposed this role. A second user administrator has to agree to it"
            return
        del given["business_area"]
        held = roles.give_role(self.person, by=self.request.user, **given)
        self.success_message = f"{self.person} has the role {held.get_role_display()} from {govuk_date(held.from_on)}"


class NumberedRecord(RecordView):
    """A page about a record that has a number and no reference; a number that is not the reader's business is 404."""

    def known(self) -> QuerySet:
        raise NotImplementedError

    def get_record(self) -> Any:
        found = self.known().filter(pk=self.kwargs["number"]).first()
        if found is None:
            raise Http404
        return found

    @property
    def person(self) -> User:
        return self.record.person

    @property
    def caption(self) -> str:
        return self.person.full_name


class EndPage(OfPerson, NumberedRecord, ProvedPage, OncePage, FormPage):
    """When something that a person holds ends, and why."""

    template_name = "people/role_end.html"
    form_class = EndForm
    is_dangerous = True
    warning = ""

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"row": self.record}

    @property
    def period(self) -> str:
        return facts.period(self.record)


class EndRole(EndPage):
    """End one role of one person."""

    policy = staticmethod(lambda user, held: policies.can_change_roles(user, held.person))
    submit_label = "End this role"

    def known(self) -> QuerySet[RoleHeld]:
        return facts.not_over(roles_known_to(self.request.user).filter(person__in=people_known_to(self.request.user)))

    @property
    def title(self) -> str:
        return f"End the role {facts.role_name(self.record)}"

    @cached_property
    def warning(self) -> str:
        if self.record.role == Role.USER_ADMINISTRATOR:
            return "" if facts.others_staying(self.record, facts.today() - facts.DAY).exists() else LAST
        return "" if facts.others_holding(self.record).exists() else NOBODY_ELSE

    def act(self, form: EndForm) -> None:
        given = form.cleaned_data
        roles.end_role(self.record, last_on=given["last_on"], reason=given["reason"], by=self.request.user)
        when = "has ended" if given["when"] == form.NOW else f"ends with {govuk_date(given['last_on'])}"
        self.success_message = f"The role {facts.role_name(self.record)} {when}"


# Proposals ----------------------------------------------------------------------------------------------------------


class Proposals(ListPage):
    """What waits for a second user administrator."""

    title = "Proposed administrators"
    policy = staticmethod(is_user_administrator)
    columns = (
        Column("person", "Who", ("person__full_name",)),
        Column("role", "Role"),
        Column("by", "Proposed by", ("proposed_by__full_name",)),
        Column("at", "Proposed", ("proposed_at",), is_narrow=True),
    )
    default_sort = "at"
    row_noun = "proposal"
    empty_text = "Nobody is proposed at the moment."
    back_text = "Back to who holds which role"

    @property
    def back_url(self) -> str:
        return reverse("people:roles")

    def get_rows(self) -> QuerySet[RoleProposal]:
        waiting = RoleProposal.objects.filter(settled_at=None)
        return waiting.select_related("person", "proposed_by", "business_area")

    def cells(self, proposal: RoleProposal) -> Iterator[Any]:
        yield link(proposal.person, reverse("people:role-proposal", args=[proposal.pk]))
        yield facts.role_name(proposal)
        yield proposal.proposed_by
        yield govuk_short_date(proposal.proposed_at)


class ProposalRecord(NumberedRecord):
    title = "Proposed administrator"

    def known(self) -> QuerySet[RoleProposal]:
        user, rows = self.request.user, RoleProposal.objects
        rows = rows.select_related("person", "proposed_by", "settled_by", "business_area")
        return rows if is_user_administrator(user) else rows.none()

    @property
    def back_url(self) -> str:
        return reverse("people:role-proposals")

    cancel_url = success_url = back_url

    @property
    def facts(self) -> Iterator[dict[str, Any]]:
        proposal = self.record
        yield {"key": "Who", "value": f"{proposal.person}\n{proposal.person.email}"}
        yield {"key": "Role", "value": facts.role_name(proposal)}
        yield {"key": "When", "value": f"F{facts.period(proposal)[1:]}"}
        yield {"key": "Why", "value": proposal.reason}
        said = f"{proposal.proposed_by} on {govuk_datetime(proposal.proposed_at)}"
        yield {"key": "Proposed by", "value": said}
        if proposal.settled_at is not None:
            yield {"key": "Settled", "value": f"{self.outcome}, {govuk_datetime(proposal.settled_at)}"}
        if proposal.answer:
            yield {"key": "Why not", "value": proposal.answer}

    @property
    def outcome(self) -> str:
        proposal = self.record
        if proposal.is_accepted:
            return f"Accepted by {proposal.settled_by}"
        is_taken_back = proposal.settled_by_id == proposal.proposed_by_id
        return f"Taken back by {proposal.settled_by}" if is_taken_back else f"Refused by {proposal.settled_by}"


class Proposal(ProposalRecord, ProvedPage, OncePage, FormPage):
    """One proposal: to answer for a second administrator, to read for everybody else who administers users."""

    policy = staticmethod(lambda user, proposal: is_user_administrator(user))
    template_name = "people/role_proposal.html"
    form_class = AnswerProposalForm
    submit_label = "Send your answer"

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"proposal": self.record}

    @property
    def may_settle(self) -> bool:
        return self.record.settled_at is None and policies.can_settle(self.request.user, self.record)

    @property
    def may_take_back(self) -> bool:
        return self.record.settled_at is None and policies.can_take_back(self.request.user, self.record)

    @property
    def needs_proof(self) -> bool:
        return self.may_settle

    def act(self, form: AnswerProposalForm) -> None:
        given, user = form.cleaned_data, self.request.user
        if given["decision"] == form.ACCEPT:
            roles.accept_proposal(self.record, by=user)
            self.success_message = f"{self.person} has the role {facts.role_name(self.record)}"
        else:
            roles.refuse_proposal(self.record, answer=given["answer"], by=user)
            self.success_message = f"You refused the role {facts.role_name(self.record)} for {self.person}"


class TakeBack(ProposalRecord, OncePage, ConfirmPage):
    """Take back one's own proposal; less than before is asked for, so no code is."""

    policy = staticmethod(policies.can_take_back)
    title = "Take this proposal back?"
    submit_label = "Take it back"

    @property
    def consequences(self) -> list[str]:
        return [f"{self.person} is not given the role {facts.role_name(self.record)}. You can propose it again."]

    def act(self, form: Any) -> None:
        roles.take_back_proposal(self.record, by=self.request.user)
        self.success_message = "You took the proposal back"


# Who holds what -----------------------------------------------------------------------------------------------------


def in_state(rows: QuerySet[RoleHeld], state: str) -> QuerySet[RoleHeld]:
    today = facts.today()
    if state == RoleFilter.FUTURE:
        return rows.filter(from_on__gt=today)
    if state == RoleFilter.ENDED:
        return rows.filter(to_on__lt=today, to_on__gte=today - facts.YEAR)
    return rows.in_force()


class Roles(ListPage):
    """Who holds which role."""

    title = "Who holds which role"
    policy = staticmethod(policies.can_read_roles)
    template_name = "people/roles.html"
    columns = (
        Column("role", "Role", ("role", "person__full_name")),
        Column("person", "Who", ("person__full_name",)),
        Column("area", "Business area", ("person__business_area__name",)),
        Column("since", "Since", ("from_on",), is_narrow=True),
        Column("until", "Until", ("to_on",), is_narrow=True),
        Column("by", "Given by", ("given_by__full_name",)),
        Column("confirmed", "Last confirmed", ("certified_on",), is_narrow=True),
    )
    default_sort = "role"
    filter_class = RoleFilter
    row_noun = "role"
    is_counted = True
    back_text = "Back to people"

    @property
    def back_url(self) -> str:
        return reverse("people:index") if is_people_administrator(self.request.user) else ""

    def get_rows(self) -> QuerySet[RoleHeld]:
        return in_state(roles_known_to(self.request.user), self.filter_form.state_shown)

    def get_filter_kwargs(self) -> dict[str, Any]:
        return {"areas": policies.areas_shown_to(self.request.user)}

    def cells(self, held: RoleHeld) -> Iterator[Any]:
        person = held.person
        is_known = is_people_administrator(self.request.user)
        yield facts.role_name(held)
        yield link(person, reverse("people:roles-of", args=[person.pk])) if is_known else person
        yield person.business_area or "None"
        yield govuk_short_date(held.from_on)
        yield govuk_short_date(held.to_on) or "–"
        yield held.given_by or "–"
        yield govuk_short_date(held.certified_on) or "–"

    @property
    def actions(self) -> list[Action]:
        user, query = self.request.user, self.request.GET.urlencode()
        found = []
        if is_user_administrator(user):
            found.append(Action("Review roles", reverse("people:role-review")))
            found.append(Action("Proposed administrators", reverse("people:role-proposals")))
        if is_people_administrator(user):
            found.append(Action("Governors", reverse("people:posts")))
        return [*found, Action("Export", reverse("people:roles-export") + (f"?{query}" if query else ""))]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user, about = self.request.user, {"overdue": 0, "proposed": 0}
        if is_user_administrator(user):
            about = {
                "overdue": facts.overdue().count(),
                "proposed": RoleProposal.objects.filter(settled_at=None).count(),
            }
        return super().get_context_data(**about, **kwargs)


class RolesExport(ProvedPage, DownloadPage):
    """The list as it is filtered, as a file; the proof is for this one file (R352)."""

    policy = staticmethod(policies.can_read_roles)
    title = "Export who holds which role"
    template_name = "people/export.html"
    form_class = ExportForm
    submit_label = ExportForm.submit_label
    COLUMNS = (
        "Role", "Name", "Work email", "Business area", "From", "To", "Given by", "Reason", "Last confirmed",
    )  # fmt: skip

    @property
    def back_url(self) -> str:
        query = self.request.GET.urlencode()
        return reverse("people:roles") + (f"?{query}" if query else "")

    cancel_url = back_url

    @cached_property
    def filters(self) -> RoleFilter:
        return RoleFilter(self.request.GET, areas=policies.areas_shown_to(self.request.user))

    @cached_property
    def found(self) -> QuerySet[RoleHeld]:
        return self.filters.filter(in_state(roles_known_to(self.request.user), self.filters.state_shown))

    @cached_property
    def count(self) -> int:
        return self.found.count()

    @property
    def intro(self) -> str:
        return f"The file holds {counted(self.count, 'role')}. Delete it when you no longer need it."

    def act(self, form: ExportForm) -> HttpResponseBase:
        kind = form.cleaned_data["format"]
        log.record(
            actor=self.request.user,
            action="account.roles_exported",
            target=self.request.user,
            count=self.count,
            format=kind,
            filters=[f"{label}: {answer}" for label, answer, _ in self.filters.selected()],
        )
        make = {"csv": csv_file, "xlsx": xlsx_file}[kind]
        rows = self.found.order_by("role", "person__full_name", "pk").iterator(chunk_size=500)
        return make(title=Roles.title, columns=self.COLUMNS, rows=map(self.row, rows), by=self.request.user)

    @staticmethod
    def row(held: RoleHeld) -> tuple[object, ...]:
        return (
            facts.role_name(held),
            held.person.full_name,
            held.person.email,
            str(held.person.business_area or ""),
            held.from_on,
            held.to_on,
            str(held.given_by or ""),
            held.reason,
            held.certified_on,
        )


# The yearly review --------------------------------------------------------------------------------------------------


class Review(ProvedPage, OncePage, FormPage):
    """The roles whose year is over or nearly: confirm several at once, or end one."""

    title = "Review roles"
    policy = staticmethod(is_user_administrator)
    template_name = "people/role_review.html"
    form_class = ReviewForm
    submit_label = "Confirm that these are still needed"

    @property
    def back_url(self) -> str:
        return reverse("people:roles")

    cancel_url = back_url

    @property
    def success_url(self) -> str:
        return self.request.path

    @property
    def others(self) -> QuerySet[RoleHeld]:
        """What the reader may confirm: never a role of their own."""
        rows = facts.to_review(RoleHeld.objects.select_related("person", "business_area"))
        return rows.exclude(person=self.request.user)

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"rows": self.others}

    def act(self, form: ReviewForm) -> None:
        number = review.certify_roles(list(form.cleaned_data["roles"]), by=self.request.user)
        self.success_message = f"You confirmed that {counted(number, 'role')} {'is' if number == 1 else 'are'} needed"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form = kwargs.get("form")
        chosen = set(form["roles"].value() or ()) if form is not None else set()
        reviews = facts.reviews(self.others)
        return super().get_context_data(
            rows=[(one, str(one.held.pk) in {str(pk) for pk in chosen}) for one in reviews],
            overdue=sum(one.is_overdue for one in reviews),
            own=facts.to_review(self.request.user.roles_held.all()).count(),
            **kwargs,
        )
