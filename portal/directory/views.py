"""The page of contacts."""

from django.http import HttpRequest, HttpResponse

from portal.ui.views import BasePage

from .forms import ContactFilter
from .models import Contact
from .policies import can_look_up


class Index(BasePage):
    """Everybody one may have to reach, grouped by need (R143)."""

    title = "Contacts"
    policy = staticmethod(can_look_up)
    template_name = "directory/index.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        form = ContactFilter(request.GET)
        found = Contact.objects.select_related("stand_in")
        if form.answers:
            found = form.filter(found)
        found = list(found)
        groups = [(label, [one for one in found if one.need == need]) for need, label in Contact.Need.choices]
        groups = [(label, rows) for label, rows in groups if rows]
        context = self.get_context_data(form=form, groups=groups, count=len(found), is_filtered=bool(form.answers))
        return self.render_to_response(context)
