"""Is it still you?  A page that acts only with a fresh second factor, asked for in the page's own form.

Nothing that was posted is kept while the person looks for their phone: the same page comes back with everything typed.
One post carries the answers and the proof, so that nobody is led away and back.
"""

import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.views.decorators.debug import sensitive_post_parameters

from portal.audit import log
from portal.ui.views import FormPage

from . import keys, otp, policy
from .forms import FactorForm
from .models import EmailCode, Factor, SecurityKey

PREFIX = "proof"
PURPOSE = "prove"
SEND = "send_code"  # the button that sends a code to the mailbox


class ProvedPage(FormPage):
    """A form page that acts only with a fresh second factor: mix it in before the other page classes.

    ``proof`` says how fresh.  ``None``, the default, binds the proof to this one act: it is asked for each time
    (deleting, roles, addresses, factors, exports of personal data: Q16b).  A length of time accepts a proof of this
    session that is not older; ``SITTING`` is what decisions ask.  A page where only some people or records need a proof
    overrides ``needs_proof``.
    """

    SITTING = settings.PORTAL_SITTING

    proof: datetime.timedelta | None = None
    proof_title = "Confirm it is you"

    @method_decorator(sensitive_post_parameters(f"{PREFIX}-code", f"{PREFIX}-key_answer"))
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().dispatch(request, *args, **kwargs)

    @property
    def needs_proof(self) -> bool:
        return self.proof is None or not otp.proved_within(self.request, self.proof)

    @cached_property
    def proof_form(self) -> FactorForm | None:
        """The questions at the end of the form; none while an earlier proof is fresh enough."""
        if not self.needs_proof:
            return None
        data = self.request.POST if self.is_answering else None
        return FactorForm(data, factors=policy.factors(self.request.user, "prove"), prefix=PREFIX)

    @property
    def is_answering(self) -> bool:
        return self.request.method == "POST" and SEND not in self.request.POST

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if SEND in request.POST and self.proof_form is not None and self.proof_form.by_email:
            return self.send_code()
        return super().post(request, *args, **kwargs)

    def send_code(self) -> HttpResponse:
        """Send a code to the mailbox, and show the page again as it was typed."""
        form, self.formset = self.get_form().without_errors(), self.get_formset()
        if self.formset is not None:
            self.formset.without_errors()
        device = next(one for one in self.proof_form.factors if isinstance(one, EmailCode))
        nonce = otp.new_nonce()
        try:
            otp.send_code(self.request.user, device, purpose=PURPOSE, nonce=nonce)
        except otp.Refused as refusal:
            self.proof_form.refuse(str(refusal))
        else:
            # Only now: while another one is refused, the code that was sent a moment ago still works.
            self.request.session["proof_nonce"] = nonce
            self.proof_form.code_was_sent = True
        return self.show(form)

    def form_valid(self, form: Any) -> HttpResponse:
        """Act, once the answers are right and the proof is: a code is used up by nothing less."""
        if self.proof_form is not None:
            if not self.proof_form.is_valid():
                return self.show(form)
            try:
                self.prove()
            except otp.Refused as refusal:
                self.proof_form.refuse(str(refusal))
                return self.show(form, status=429 if isinstance(refusal, otp.Locked) else 200)
        return super().form_valid(form)

    def form_invalid(self, form: Any) -> HttpResponse:
        """Show what is wrong with the answers and with the proof at once, without trying the code."""
        if self.proof_form is not None:
            self.proof_form.is_valid()
        return super().form_invalid(form)

    def prove(self) -> None:
        """Take the proof, and carry it into the session.

        :raises otp.Refused: it proves nothing.
        """
        answers, user = self.proof_form.cleaned_data, self.request.user
        if answers.get("key_answer"):
            device: Factor = keys.check_answer(self.request, user, answers["key_answer"])
        else:
            device = next(one for one in self.proof_form.factors if not isinstance(one, SecurityKey))
            nonce = self.request.session.get("proof_nonce", "")
            otp.check_code(user, device, answers["code"], purpose=PURPOSE, nonce=nonce)
            self.request.session.pop("proof_nonce", None)
        otp.elevate(self.request, device)
        log.record(actor=user, action="door.proved", target=user, factor=device.label)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        proof = self.proof_form if context.get("form") is not None else None
        context["proof_form"] = proof
        if proof is not None and proof.is_bound:
            context["has_errors"] = context["has_errors"] or any(proof.summary())
        return context
