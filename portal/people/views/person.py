"""What is known of one account, and what may be done with it?"""

from portal.accounts.policies import is_people_administrator
from portal.ui.views import DetailPage

from .base import PersonPage


class Detail(PersonPage, DetailPage):
    """One person's account; one's own may be read here like the others."""

    policy = staticmethod(lambda user, person: is_people_administrator(user))

    @property
    def title(self) -> str:
        return self.person.full_name
