"""What does each page of a request ask, in which words, and what is refused?

One module, and one form, for each section of ``travel.sections``; the rows of a section (legs, travellers, equipment)
are its formset.  A form is made with the trip it is about, and ``save()`` writes its answers there.  ``answers_of``
says them back, for check-your-answers.
"""

from .access import AccessForm
from .base import SectionForm
from .before_you_ask import BeforeYouAskForm
from .company import CompanyForm
from .connection import ConnectionForm
from .equipment import EquipmentSectionForm
from .hosts import HostsForm
from .itinerary import ItineraryForm
from .own_phone import OwnPhoneForm
from .purpose import PurposeForm
from .roaming import RoamingForm
from .travellers import TravellersForm
from .urgency import UrgencyForm

FORMS: dict[str, type[SectionForm]] = {
    "before-you-ask": BeforeYouAskForm,
    "travellers": TravellersForm,
    "itinerary": ItineraryForm,
    "purpose": PurposeForm,
    "equipment": EquipmentSectionForm,
    "access": AccessForm,
    "connection": ConnectionForm,
    "own-phone": OwnPhoneForm,
    "company": CompanyForm,
    "hosts": HostsForm,
    "roaming": RoamingForm,
    "urgency": UrgencyForm,
}
