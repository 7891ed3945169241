"""How is the department reached from abroad, and with whose device (R38, R44, Q22)?"""

from collections.abc import Iterator
from typing import Any, ClassVar

from django import forms

from portal.ui.fields import TextField
from travel.models import Trip

from .base import SectionForm


class ConnectionForm(SectionForm):
    title = "How you will connect"
    kept = ("network", "network_other", "connection", "connection_other", "personal_device", "personal_device_apps")

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
    personal_device = forms.ChoiceField(
        label="Are there MoJ apps on a personal phone or tablet that you will take?",
        help_text="For example, the password manager. Taking it abroad counts as taking MoJ information.",
        choices=Trip.PersonalDevice.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Select whether there are MoJ apps on a personal device that you will take"},
    )
    personal_device_apps = TextField(label="Which apps?", name="the apps", max_length=200, required=False)
    govuk: ClassVar = {
        "network": {"legend_size": "m", "items": {Trip.Network.OTHER: {"reveals": ["network_other"]}}},
        "connection": {"legend_size": "m", "items": {Trip.Connection.OTHER: {"reveals": ["connection_other"]}}},
        "personal_device": {
            "legend_size": "m",
            "items": {
                Trip.PersonalDevice.LOG_OUT: {"hint": "Nothing more is needed. Log in again after you return."},
                Trip.PersonalDevice.UNINSTALL: {"hint": "Nothing more is needed. Install them again after you return."},
                Trip.PersonalDevice.KEEP: {"reveals": ["personal_device_apps"]},
            },
        },
    }
    #  revealed field         question           answer that reveals it     what is said when it is empty
    DETAILS: ClassVar = (
        ("network_other", "network", Trip.Network.OTHER, "Enter the network that you use"),
        ("connection_other", "connection", Trip.Connection.OTHER, "Enter how you will connect"),
        (
            "personal_device_apps",
            "personal_device",
            Trip.PersonalDevice.KEEP,
            "Enter the apps that you need to keep using",
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not (self.trip.takes_equipment or self.trip.uses_services):
            for name in ("network", "network_other", "connection", "connection_other"):
                del self.fields[name]

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
        facts = (trip.get_personal_device_display(), trip.personal_device_apps)
        yield "MoJ apps on a personal device", "\n".join(filter(None, facts))

    def save(self) -> None:
        self.cleaned_data.setdefault("network", Trip.Network.NONE)
        self.cleaned_data.setdefault("connection", Trip.Connection.NONE)
        super().save()
