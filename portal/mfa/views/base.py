"""What all pages of the door share: how a code is given, a QR code drawn, and recovery codes shown once."""

from base64 import b32encode

import segno
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import never_cache

from portal.mfa import actions, otp
from portal.mfa.models import TOTP
from portal.ui.forms import PortalForm
from portal.ui.views import FormPage


@login_not_required
def gone(request: HttpRequest, *args, **kwargs) -> HttpResponse:
    """A page of allauth that the portal does not have; its name stays, because allauth reverses it."""
    raise Http404


@never_cache
@login_not_required
def blocked(request: HttpRequest) -> HttpResponse:
    return render(request, "mfa/blocked.html", status=403)


def qr_code(device: TOTP) -> SafeString:
    """Return the app's QR code as inline SVG: no request, and no style attribute, leaves the page."""
    # The drawing is made of numbers only; what the code says is not in the markup.
    return mark_safe(segno.make(device.config_url, error="m").svg_inline(scale=5, light="#fff", svgclass="app-qr"))  # noqa: S308


def typed_key(device: TOTP) -> str:
    """Return the seed as apps take it by hand, in groups of four."""
    key = b32encode(device.bin_key).decode().rstrip("=")
    return " ".join(key[at : at + 4] for at in range(0, len(key), 4))


class CodePage(FormPage):
    """A form whose `code` goes through the door; the door's answer stands beside the box."""

    def give(self, form: PortalForm) -> None:
        """Check the code, and do what it opens.

        :raises otp.Refused: it opens nothing.
        """
        raise NotImplementedError

    def opened(self) -> HttpResponse:
        return HttpResponseRedirect(str(self.success_url))

    def form_valid(self, form: PortalForm) -> HttpResponse:
        try:
            self.give(form)
        except (otp.Refused, actions.NotAllowed) as refusal:
            form.add_error("code" if "code" in form.fields else None, str(refusal))
            return self.show(form, status=429 if isinstance(refusal, otp.Locked) else 200)
        return self.opened()

    def show_codes(self, codes: list[str], *, title: str, continue_url: str = "") -> HttpResponse:
        """Show new recovery codes, once: they are in this answer and nowhere else, not even in the session."""
        return render(
            self.request, "mfa/recovery_codes.html", {"title": title, "codes": codes, "continue_url": continue_url}
        )
