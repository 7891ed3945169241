"""What have all pages about one person in common?"""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse

from portal.accounts import policies
from portal.accounts.models import User
from portal.ui.views import RecordView


def people_known_to(user: User) -> QuerySet[User]:
    """Return the people whose accounts this person may open; that anybody else has one they are not told here."""
    return User.objects.filter(policies.people_administered_by(user)).select_related("business_area", "line_manager")


class PersonPage(RecordView):
    """A page about one person, for whoever administers their account: mix it in before the page class.

        class Edit(PersonPage, FormPage): ...

    Somebody of another area does not exist here (404).  Oneself does, but nobody acts upon their own account (403).
    The address names the person by number: it is compared with the people that the reader administers, so guessing one
    tells nothing.
    """

    policy = staticmethod(policies.can_administer)

    def get_record(self) -> User:
        found = people_known_to(self.request.user).filter(pk=self.kwargs["person"]).first()
        if found is None:
            raise Http404
        return found

    @property
    def person(self) -> User:
        return self.record

    @property
    def caption(self) -> str:
        return self.person.full_name

    @property
    def person_url(self) -> str:
        return reverse("people:detail", args=[self.person.pk])

    back_url = cancel_url = success_url = property(lambda self: self.person_url)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(person=self.person, **kwargs)
