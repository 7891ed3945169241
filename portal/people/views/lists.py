"""Who is here?  The list of the people whose accounts the reader looks after."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from portal.accounts.models import User
from portal.accounts.policies import is_people_administrator
from portal.ui.views import Column, ListPage

from .base import people_known_to


class Index(ListPage):
    """Everybody for a user administrator; the people of the area for its administrator."""

    title = "People"
    policy = staticmethod(is_people_administrator)
    columns = (Column("name", "Name", ("full_name",)), Column("email", "Work email"))
    default_sort = "name"
    row_noun = "person,people"

    def get_rows(self) -> QuerySet[User]:
        return people_known_to(self.request.user)

    def cells(self, record: User) -> Iterable[Any]:
        return record.full_name, record.email
