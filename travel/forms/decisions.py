"""What exactly is an approver asked, and what is refused?

One form for every step; the questions that do not belong to this step of this trip are taken out of it.
"""

from typing import Any, ClassVar

from django import forms

from portal.approvals.models import Step
from portal.ui.fields import TextField, YesNoField
from portal.ui.forms import PortalForm
from travel.models import Trip

from .requests import ChooseApproverForm

D = Step.Decision
LONG = 2_000  # characters in an answer of several sentences
MOST_CONDITIONS, LONGEST_CONDITION = 20, 500
UNDER = {"changes": D.SEND_BACK, "why": D.REJECT}  # Asked under one of the options, and counts with that one only.
NO_AND_APPROVE = "You cannot approve after answering No. Change this answer, or send the request back or reject it"


def question(no: str) -> YesNoField:
    """A question that only an approval needs answered; ``no`` is what to say when it was not."""
    return YesNoField(required=False, error_messages={"required": no})


class DecideForm(PortalForm):
    """The questions of one step (R10-R11, R52-R53, R56-R59), then the decision."""

    need_equipment = question("Select yes if there is a business need to take this equipment")
    need_services = question("Select yes if there is a business need to use these services")
    approve_equipment = question("Select yes if you approve taking this equipment")
    approve_services = question("Select yes if you approve the use of these services")
    needs_briefing = question("Select yes if the traveller should have a briefing before they leave")
    controls = TextField(
        label="Technical controls to apply before the trip (optional)",
        help_text="For the person, the equipment, or the data they can reach",
        widget=forms.Textarea,
        required=False,
        max_length=LONG,
        name="technical controls",
    )
    conditions = TextField(
        label="Special details, considerations or conditions (optional)",
        help_text="Write each on a line of its own. Everybody who travels is asked to accept them",
        widget=forms.Textarea,
        required=False,
        max_length=MOST_CONDITIONS * (LONGEST_CONDITION + 1),
        name="conditions",
    )
    note = TextField(
        label="Your note (optional)",
        help_text="The requester and every later approver can read it",
        widget=forms.Textarea,
        required=False,
        max_length=LONG,
        name="your note",
    )
    decision = forms.ChoiceField(
        label="Your decision", widget=forms.RadioSelect, error_messages={"required": "Select your decision"}
    )
    changes = TextField(
        label="What do you need to know, or what has to change?",
        widget=forms.Textarea,
        required=False,
        max_length=LONG,
        name="what you need to know, or what has to change",
    )
    why = TextField(
        label="Why do you reject it?", widget=forms.Textarea, required=False, max_length=LONG, name="why you reject it"
    )
    submit_label = "Save my decision"

    govuk: ClassVar = {
        "need_equipment": {"inline": True, "legend_size": "s"},
        "need_services": {"inline": True, "legend_size": "s"},
        "approve_equipment": {"inline": True, "legend_size": "s"},
        "approve_services": {"inline": True, "legend_size": "s"},
        "needs_briefing": {"inline": True, "legend_size": "s"},
        "controls": {"label_size": "s", "rows": 3},
        "conditions": {"label_size": "s", "rows": 3, "max_characters": None},
        "note": {"label_size": "s", "rows": 3},
        "decision": {
            "legend_size": "m",
            "items": {D.SEND_BACK: {"reveals": ["changes"]}, D.REJECT: {"reveals": ["why"]}},
        },
    }

    def __init__(self, *args: Any, step: Step, trip: Trip, **kwargs: Any) -> None:
        self.step, self.trip = step, trip
        super().__init__(*args, **kwargs)
        self.fields["decision"].choices = list(self.decisions())
        asked = self.questions()
        for name in ("need_equipment", "need_services", "approve_equipment", "approve_services", "needs_briefing"):
            if name in asked:
                self.fields[name].label = asked[name]
            else:
                del self.fields[name]
        if "moj_security" not in step.stages:
            del self.fields["controls"]
        if not {"senior", "moj_security"}.intersection(step.stages):
            del self.fields["conditions"]
        if D.REJECT not in dict(self.fields["decision"].choices):
            del self.fields["why"]

    def questions(self) -> dict[str, str]:
        """What this step is asked about this trip, by field; a step for two stages asks the questions of both."""
        trip, stages = self.trip, self.step.stages
        who = "the travellers" if len(trip.travellers.all()) > 1 else trip.lead.person.full_name
        asked = {}
        if "line_manager" in stages and not trip.is_personal:
            if trip.takes_equipment:
                asked["need_equipment"] = f"Is there a business need for {who} to take equipment abroad?"
            if trip.uses_services:
                asked["need_services"] = f"Is there a business need for {who} to use MoJ services while abroad?"
        if "senior" in stages or ("line_manager" in stages and trip.is_personal):
            if trip.takes_equipment:
                asked["approve_equipment"] = "Do you approve taking this equipment abroad?"
            if trip.uses_services:
                asked["approve_services"] = "Do you approve using these services while abroad?"
        if "moj_security" in stages and trip.is_personal:
            asked["needs_briefing"] = f"Should {who} have a briefing before leaving?"
        return asked

    def decisions(self) -> list[tuple[str, str]]:
        """What can be chosen; nobody approves a holiday (Q3)."""
        if self.step.verb == Step.Verb.ACKNOWLEDGE:
            return [
                (D.ACKNOWLEDGE, "Acknowledge: I have received the request and its approvals"),
                (D.SEND_BACK, "Ask about it, and send it back"),
            ]
        send_back = (D.SEND_BACK, "Send it back for changes")
        if not self.trip.is_personal:
            return [(D.APPROVE, "Approve"), send_back, (D.REJECT, "Reject")]
        takes = " and ".join(
            word
            for word, taken in (("equipment", self.trip.takes_equipment), ("access", self.trip.uses_services))
            if taken
        )
        if not takes:  # There is nothing that could be refused.
            return [(D.APPROVE, "Note this trip"), send_back]
        return [(D.APPROVE, f"Note this trip, and approve the {takes}"), send_back, (D.REJECT, f"Refuse the {takes}")]

    def clean_conditions(self) -> str:
        lines = self.lines(self.cleaned_data["conditions"])
        if len(lines) > MOST_CONDITIONS:
            raise forms.ValidationError(f"Enter {MOST_CONDITIONS} conditions or fewer, each on a line of its own")
        if any(len(line) > LONGEST_CONDITION for line in lines):
            raise forms.ValidationError(f"Each condition must be {LONGEST_CONDITION} characters or fewer")
        return "\n".join(lines)

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        decision = given.get("decision")
        for name, chosen in UNDER.items():
            if decision and decision != chosen and name in self.fields:
                self.errors.pop(name, None)
                given[name] = ""
        if decision == D.APPROVE:
            for name in self.questions():
                if name in self.errors:
                    continue
                if given.get(name) is None:
                    self.add_error(name, self.fields[name].error_messages["required"])
                elif given[name] is False and name != "needs_briefing":
                    self.add_error(name, NO_AND_APPROVE)
        if decision == D.SEND_BACK and not given.get("changes") and "changes" not in self.errors:
            self.add_error("changes", "Enter what you need to know, or what has to change")
        if decision == D.REJECT and not given.get("why") and "why" not in self.errors:
            self.add_error("why", "Enter why you reject it")
        if decision in (D.SEND_BACK, D.REJECT) and given.get("conditions"):
            self.add_error(
                "conditions", "Conditions go with an approval. Take them out, or say them in what has to change"
            )
        return given

    @staticmethod
    def lines(text: str) -> list[str]:
        """The lines that say something, each once."""
        return list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))

    @property
    def told(self) -> dict[str, Any]:
        """What the action takes beside the decision: the note, the answers as asked, the conditions."""
        given = self.cleaned_data
        answers = [
            (str(self.fields[name].label), "Yes" if given[name] else "No")
            for name in self.questions()
            if given.get(name) is not None
        ]
        if given.get("controls"):
            answers.append(("Technical controls to apply before the trip", given["controls"]))
        reason = {D.SEND_BACK: given.get("changes"), D.REJECT: given.get("why")}.get(given["decision"])
        return {
            "comment": "\n\n".join(filter(None, (reason, given["note"]))),
            "answers": answers,
            "conditions": self.lines(given.get("conditions", "")),
        }


class NameApproverForm(ChooseApproverForm):
    """Who decides where the route names nobody (Q2)."""

    submit_label = "Name this approver"
