"""How is the department reached from abroad (R38, R44)?"""

from collections.abc import Iterator
from typing import ClassVar

from django import forms

from portal.ui.fields import TextField
from travel.models import Trip

from .base import SectionForm


class ConnectionForm(SectionForm):
    title = "How you will connect"
    kept = ("network", "network_other", "connection", "connection_other")

    network = forms.ChoiceField(
        label="Which network do you use to reach MoJ systems?",
        choices=Trip.Network.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Select the network that you use"},
    )
    network_other = TextField(label="Which network?", name="the network", max_length=60, required=False)
    connection = forms.ChoiceField(
        label="How will you connect to it from abroad?",
        choices=Trip.Connection.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Select how you will connect"},
    )
    connection_other = TextField(
        label="How will you connect?", name="how you will connect", max_length=60, required=False
    )
    govuk: ClassVar = {
        "network": {"legend_size": "m", "items": {Trip.Network.OTHER: {"reveals": ["network_other"]}}},
        "connection": {"legend_size": "m", "items": {Trip.Connection.OTHER: {"reveals": ["connection_other"]}}},
    }
    #  revealed field         question           answer that reveals it     what is said when it is empty
    DETAILS: ClassVar = (
        ("network_other", "network", Trip.Network.OTHER, "Enter the network that you use"),
        ("connection_other", "connection", Trip.Connection.OTHER, "Enter how you will connect"),
    )

    def clean(self) -> None:
        for detail, question, answer, message in self.DETAILS:
            if self.cleaned_data.get(question) != answer:
                # What stands in a box that the answer hides is not an answer, wrong or right.
                self.cleaned_data[detail] = ""
                self.errors.pop(detail, None)
            elif not self.cleaned_data.get(detail) and detail not in self.errors:
                self.add_error(detail, message)

    @classmethod
    def answers_of(cls, trip: Trip) -> Iterator[tuple[str, str]]:
        yield "Network", trip.network_other or trip.get_network_display()
        yield "Connection", trip.connection_other or trip.get_connection_display()
