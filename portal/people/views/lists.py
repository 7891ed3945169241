"""Who is here, and which line managers are said to be wrong?  What the reader looks after, as lists."""

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import HttpResponseBase
from django.urls import reverse, reverse_lazy

from portal.accounts.models import ManagerCorrection, RoleHeld, User
from portal.accounts.policies import is_people_administrator, is_user_administrator, people_administered_by
from portal.audit import log
from portal.documents.spreadsheets import csv_file, xlsx_file
from portal.mfa.stepup import ProvedPage
from portal.people import facts
from portal.people.filters import PeopleFilter
from portal.people.forms.accounts import ExportForm
from portal.people.policies import areas_shown_to
from portal.people.standing import STATES, state_of
from portal.ui.html import link, tag
from portal.ui.views import Action, Column, FormPage, ListPage
from portal.ui.wording import counted, govuk_date

from .base import people_known_to


def with_roles(people: QuerySet[User]) -> QuerySet[User]:
    """Load the roles that hold today with the people."""
    return people.prefetch_related(Prefetch("roles_held", RoleHeld.objects.in_force(), to_attr="roles_today"))


class Index(ListPage):
    """Everybody for a user administrator; the people of the area for its administrator."""

    title = "People"
    policy = staticmethod(is_people_administrator)
    filter_class = PeopleFilter
    template_name = "people/index.html"
    columns = (
        Column("full_name", "Name", ("full_name",)),
        Column("business_area", "Business area", ("business_area__name",)),
        Column("person_type", "Person type"),
        Column("roles", "Roles"),
        Column("last_login", "Last signed in", ("last_login",), is_narrow=True),
        Column("state", "State", ("ends_on",)),
    )
    default_sort = "full_name"
    row_noun = "person,people"
    nothing_found_text = "Nobody matches these filters."

    @property
    def actions(self) -> list[Action]:
        return [Action("Invite somebody", reverse("people:invite"), is_main=True)]

    @property
    def links(self) -> list[Action]:
        """Where else one goes from here; as buttons they would fill the screen of a phone before the first name."""
        query = self.request.GET.urlencode()
        return [
            Action("Governors", reverse("people:posts")),
            Action("Import", reverse("people:import")),
            Action("Line managers said to be wrong", reverse("people:managers")),
            Action("Sign-in resets", reverse("people:resets")),
            Action(self.roles_label, reverse("people:roles")),
            Action("Rules for signing in", reverse("people:sign-in")),
            Action("Export", reverse("people:export") + (f"?{query}" if query else "")),
        ]

    @property
    def roles_label(self) -> str:
        """Where the roles are, and how many of them a user administrator should have confirmed by now."""
        overdue = facts.overdue().count() if is_user_administrator(self.request.user) else 0
        return f"Who holds which role ({overdue:,} overdue)" if overdue else "Who holds which role"

    def get_filter_kwargs(self) -> dict[str, Any]:
        return {"areas": areas_shown_to(self.request.user)}

    def get_rows(self) -> QuerySet[User]:
        people = User.objects.filter(people_administered_by(self.request.user)).select_related("business_area")
        return with_roles(people)

    def cells(self, record: User) -> Iterable[Any]:
        label, colour = STATES[state_of(record)]
        return (
            link(record.full_name, reverse("people:detail", args=[record.pk]) + self.way_back),
            record.business_area or "None",
            record.get_person_type_display(),
            ", ".join(held.get_role_display() for held in record.roles_today) or "None",
            govuk_date(record.last_login) if record.last_login else "Never",
            tag(label, colour),
        )


class DownloadPage(FormPage):
    """A form whose answer is a file: ``act`` returns it."""

    def form_valid(self, form: Any) -> HttpResponseBase:
        return self.act(form)


class Export(ProvedPage, DownloadPage):
    """The list as a file, with its filters; personal data leaves the portal only with a fresh proof (R352)."""

    title = "Export people"
    template_name = "people/export.html"
    policy = staticmethod(is_people_administrator)
    form_class = ExportForm
    submit_label = ExportForm.submit_label
    cancel_url = reverse_lazy("people:index")
    COLUMNS = (
        "Name", "Work email", "Business area", "Person type", "Grade", "Line manager", "Roles", "State",
        "Last signed in", "Last day",
    )  # fmt: skip

    @property
    def back_url(self) -> str:
        query = self.request.GET.urlencode()
        return reverse("people:index") + (f"?{query}" if query else "")

    @cached_property
    def filters(self) -> PeopleFilter:
        return PeopleFilter(self.request.GET, areas=areas_shown_to(self.request.user))

    @cached_property
    def people(self) -> QuerySet[User]:
        people = people_known_to(self.request.user)
        return self.filters.filter(people) if self.filters.answers else people

    @cached_property
    def count(self) -> int:
        return self.people.count()

    @property
    def intro(self) -> str:
        return f"The file holds {counted(self.count, 'person,people')}. Delete it when you no longer need it."

    def act(self, form: Any) -> HttpResponseBase:
        kind = form.cleaned_data["format"]
        log.record(
            actor=self.request.user,
            action="people.exported",
            target=self.request.user,
            count=self.count,
            format=kind,
            filters=self.filters.facts,
        )
        make = {"csv": csv_file, "xlsx": xlsx_file}[kind]
        people = with_roles(self.people.order_by("full_name", "pk")).iterator(chunk_size=500)
        return make(title="People", columns=self.COLUMNS, rows=map(self.row, people), by=self.request.user)

    @staticmethod
    def row(person: User) -> tuple[object, ...]:
        return (
            person.full_name,
            person.email,
            str(person.business_area or ""),
            person.get_person_type_display(),
            person.grade,
            str(person.line_manager or ""),
            ", ".join(held.get_role_display() for held in person.roles_today),
            STATES[state_of(person)][0],
            person.last_login,
            person.ends_on,
        )


class Managers(ListPage):
    """The open cases of "this is not my line manager"."""

    title = "Line managers said to be wrong"
    policy = staticmethod(is_people_administrator)
    back_url = reverse_lazy("people:index")
    columns = (
        Column("person", "Person", ("person__full_name",)),
        Column("on_record", "On record"),
        Column("manager", "Should be"),
        Column("asked_at", "Asked", ("asked_at",), is_narrow=True),
    )
    default_sort = "asked_at"
    row_noun = "case"
    empty_text = "Every line manager is right, as far as anybody has said."

    def get_rows(self) -> QuerySet[ManagerCorrection]:
        return corrections_known_to(self.request.user)

    def cells(self, record: ManagerCorrection) -> Iterable[Any]:
        return (
            link(record.person.full_name, reverse("people:manager", args=[record.pk])),
            record.person.line_manager or "Nobody",
            record.manager,
            govuk_date(record.asked_at),
        )


def corrections_known_to(user: User) -> QuerySet[ManagerCorrection]:
    """Return the open cases about people whose accounts this person looks after; never their own."""
    people = User.objects.filter(people_administered_by(user)).exclude(pk=user.pk)
    cases = ManagerCorrection.objects.filter(settled_at=None, person__in=people.values("pk"))
    return cases.select_related("person__line_manager", "person__business_area", "manager", "asked_by")
