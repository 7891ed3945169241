"""Who is Governor of which establishment, and who is a Senior Civil Servant?"""

from collections.abc import Iterator
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.urls import reverse

from portal.accounts.models import BusinessArea, PostHolder, SeniorCivilServant
from portal.accounts.policies import areas_administered_by, is_people_administrator
from portal.approvals.views import OncePage
from portal.mfa.stepup import ProvedPage
from portal.people import facts, policies
from portal.people.actions import posts
from portal.people.forms.roles import EndForm, GiveGradeForm, GivePostForm
from portal.ui.html import link
from portal.ui.views import Column, FormPage, ListPage
from portal.ui.wording import govuk_date, govuk_short_date

from .base import PersonPage, people_known_to
from .roles import EndPage, OfPerson


class Posts(ListPage):
    """The establishments that the reader administers, each with its Governor."""

    title = "Governors"
    policy = staticmethod(is_people_administrator)
    columns = (
        Column("area", "Establishment", ("name",)),
        Column("person", "Governor"),
        Column("since", "Since", is_narrow=True),
        Column("until", "Until", is_narrow=True),
        Column("next", "Next"),
    )
    default_sort = "area"
    row_noun = "establishment"
    empty_text = "There is no establishment in your areas."

    @property
    def back_url(self) -> str:
        return reverse("people:roles")

    def get_rows(self) -> QuerySet[BusinessArea]:
        held = facts.not_over(PostHolder.objects.select_related("person")).order_by("from_on")
        areas = BusinessArea.objects.filter(is_establishment=True, pk__in=areas_administered_by(self.request.user))
        return areas.prefetch_related(Prefetch("post_holders", held, to_attr="governors"))

    def cells(self, area: BusinessArea) -> Iterator[Any]:
        now = [post for post in area.governors if post.from_on <= facts.today()]
        later = [post for post in area.governors if post.from_on > facts.today()]
        post = now[0] if now else None
        yield area
        yield self.name(post) if post else "Nobody"
        yield govuk_short_date(post.from_on) if post else "–"
        yield (govuk_short_date(post.to_on) if post else "") or "–"
        yield f"{later[0].person} from {govuk_short_date(later[0].from_on)}" if later else "–"

    def name(self, post: PostHolder) -> Any:
        if not policies.can_end_post(self.request.user, post):
            return post.person
        return link(post.person, reverse("people:post-end", args=[post.pk]), hidden="(end)")


class GivePost(OfPerson, PersonPage, ProvedPage, OncePage, FormPage):
    """Make somebody Governor; whoever is so far ends the day before."""

    policy = staticmethod(policies.can_give_post)
    title = "Make Governor"
    template_name = "people/role_post.html"
    form_class = GivePostForm
    submit_label = "Make Governor"

    def get_initial(self) -> dict[str, Any]:
        return {"from_on": facts.today()}

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"person": self.person, "by": self.request.user}

    def act(self, form: GivePostForm) -> None:
        given = form.cleaned_data
        former = posts.give_post(self.person, by=self.request.user, **given)
        when = govuk_date(given["from_on"])
        self.success_message = f"{self.person} is Governor of {given['business_area']} from {when}"
        if former is not None:
            ends = govuk_date(given["from_on"] - facts.DAY)
            self.success_message += f". The time of {former.person} ends with {ends}"


class EndPost(EndPage):
    """End somebody's time as Governor."""

    policy = staticmethod(policies.can_end_post)
    submit_label = "End this post"
    warning = "Requests that wait for the Governor go to whoever is next, or to MoJ Security to name somebody."

    @property
    def roles_url(self) -> str:
        return reverse("people:posts")

    def known(self) -> QuerySet[PostHolder]:
        areas = areas_administered_by(self.request.user)
        held = PostHolder.objects.select_related("person", "business_area").filter(business_area__in=areas)
        return facts.not_over(held)

    @property
    def title(self) -> str:
        return f"End the time as {posts.post_name(self.record)}"

    def act(self, form: EndForm) -> None:
        given = form.cleaned_data
        posts.end_post(self.record, last_on=given["last_on"], reason=given["reason"], by=self.request.user)
        self.success_message = (
            f"{self.person} is not {posts.post_name(self.record)} after {govuk_date(given['last_on'])}"
        )


class GiveGrade(OfPerson, PersonPage, ProvedPage, OncePage, FormPage):
    """Record that somebody is of Senior Civil Servant grade."""

    policy = staticmethod(policies.can_change_roles)
    title = "Record as Senior Civil Servant"
    template_name = "people/role_grade.html"
    form_class = GiveGradeForm
    submit_label = "Record this"

    def get_initial(self) -> dict[str, Any]:
        return {"from_on": facts.today()}

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"person": self.person}

    def act(self, form: GiveGradeForm) -> None:
        period = posts.give_grade(self.person, by=self.request.user, **form.cleaned_data)
        self.success_message = f"{self.person} is a Senior Civil Servant {facts.period(period)}"


class EndGrade(EndPage):
    """Record that somebody is of Senior Civil Servant grade no more."""

    policy = staticmethod(lambda user, period: policies.can_change_roles(user, period.person))
    title = "End the time as Senior Civil Servant"
    submit_label = "End this"
    warning = "Requests that wait for them as Senior Civil Servant go to whoever is next."

    def known(self) -> QuerySet[SeniorCivilServant]:
        known = people_known_to(self.request.user)
        return facts.not_over(SeniorCivilServant.objects.select_related("person").filter(person__in=known))

    def act(self, form: EndForm) -> None:
        given = form.cleaned_data
        posts.end_grade(self.record, last_on=given["last_on"], reason=given["reason"], by=self.request.user)
        self.success_message = f"{self.person} is not a Senior Civil Servant after {govuk_date(given['last_on'])}"
