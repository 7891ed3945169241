"""What have all pages in common that ask for, decide or end an approval?

``OncePage`` makes a form page act once and never on stale facts; the rest are the pages that every room has.
"""

from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from portal.lifecycle import NotPossible
from portal.ui import wording

from . import receipts
from .models import Approval, Status, Step

SHOWN_AGAIN = "This page could not be matched with the one you opened. Check your answers, then send them again."


class OncePage:
    """Mix in before a ``FormPage``: a double click acts once, and a page opened before the last change never acts.

    The page carries a signed form id and, where it is about an approval, the version that the person saw; ``act`` finds
    it as ``self.version``.  ``act`` may return where to go next; otherwise it is ``success_url``.  It runs in one
    transaction with its receipt, and may raise ``NotPossible``: the page comes back with 409, the reason, what changed,
    and everything typed.
    """

    refusals: tuple[type[Exception], ...] = (NotPossible,)
    form_id: receipts.FormId | None = None
    is_forged = False
    version: int | None = None
    changes: ClassVar[list[str]] = []

    @property
    def approval(self) -> Approval | None:
        """The approval that the page is about; none for a page that starts something."""
        return getattr(getattr(self, "record", None), "approval", None)

    @property
    def hidden_fields(self) -> Iterator[tuple[str, object]]:
        """A fresh form id and today's version: also on a page shown again, since the person has seen what changed."""
        yield "form_id", receipts.new_form_id(self.request.user, self.request.path)
        if self.approval is not None:
            yield "version", self.approval.version

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST":
            self.read_hidden_fields()
            if self.form_id is not None and (response := self.answer_before_policy()) is not None:
                return response
        return super().dispatch(request, *args, **kwargs)

    def answer_before_policy(self) -> HttpResponse | None:
        """Answer a form that did its work already, or that was overtaken: whoever has just decided may not decide any
        more, and is told so rather than turned away."""
        try:
            location = receipts.answered(self.request.user, self.form_id.id, receipts.digest_of(self.request))
        except NotPossible as refusal:
            return self.show_changed(self.get_form(), str(refusal))
        if location is not None:
            return HttpResponseRedirect(location)
        if self.is_stale and not self.is_allowed():
            return self.show_changed(self.get_form())
        return None

    def read_hidden_fields(self) -> None:
        """Take the form id and the version out of what was posted; what cannot be read stays None.

        :raises PermissionDenied: the form was drawn for somebody else.
        """
        signed, version = self.request.POST.get("form_id", ""), self.request.POST.get("version", "")
        if signed:
            try:
                self.form_id = receipts.read_form_id(signed, person=self.request.user, page=self.request.path)
            except receipts.Forged:
                self.is_forged = True
        if version.isascii() and version.isdigit() and len(version) < 10:
            self.version = int(version)

    @property
    def is_stale(self) -> bool:
        return self.approval is not None and self.version is not None and self.version != self.approval.version

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.form_id is not None and (self.approval is None or self.version is not None):
            return super().post(request, *args, **kwargs)
        form, self.formset = self.get_form(), self.get_formset()
        form.add_error(None, SHOWN_AGAIN)
        return self.show(form, status=400 if self.is_forged else 200)

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            location = receipts.once(
                self.request.user, self.form_id.id, receipts.digest_of(self.request), lambda: self.run(form)
            )
        except self.refusals as refusal:
            return self.show_changed(form, str(refusal))
        return HttpResponseRedirect(location)

    def run(self, form: Any) -> str:
        """Act, and say where that leads."""
        location = self.act(form) or str(self.success_url)
        if self.success_message:
            messages.success(self.request, self.success_message)
        return location

    # When the answer is no --------------------------------------------------------------------------------------------

    def show_changed(self, form: Any, reason: str = "") -> HttpResponse:
        """Show the page again, with the reason, what changed meanwhile and everything typed.

        Where the person may do nothing here any more, there is no form, and what they typed stands as text.
        """
        if self.approval is not None:
            self.record = self.get_record()
            if self.is_stale:
                self.changes = list(what_changed(self.approval, self.form_id))
        if not self.is_allowed():
            self.template_name = "approvals/changed.html"
            typed = list(typed_into(form))
            return self.render_to_response(self.get_context_data(form=None, reason=reason, typed=typed), status=409)
        for sentence in filter(None, (reason, *self.changes)):
            form.add_error(None, sentence)
        if self.formset is None:
            self.formset = self.get_formset()
        return self.show(form, status=409)


def what_changed(approval: Approval, since: receipts.FormId | None) -> Iterator[str]:
    """Say, in sentences, how the request stands and who decided since the page was drawn."""
    steps = list(approval.steps.filter(round=approval.round).select_related("decided_by", "assignee"))
    yield f"{approval} is now “{approval.get_status_display().lower()}”."
    for step in steps:
        if step.decided_at and not step.is_carried and (since is None or step.decided_at >= since.drawn_at):
            yield (
                f"{step.label}: {step.get_decision_display().lower()} by {step.decided_by}, "
                f"{wording.govuk_datetime(step.decided_at)}."
            )
    if approval.status == Status.IN_REVIEW:
        for step in steps:
            if step.state == Step.State.OPEN:
                yield f"It now waits for {step.who}."


def typed_into(form: Any) -> Iterator[dict[str, str]]:
    """What a person wrote, as rows of a summary list, so that it can be copied."""
    for name, field in form.fields.items():
        value = form[name].value()
        if isinstance(value, str) and value.strip() and not hasattr(field, "choices"):
            yield {"key": str(field.label), "value": value}
