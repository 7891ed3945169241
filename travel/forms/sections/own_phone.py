"""Which MoJ apps travel on somebody's own device (Q22, R420-R421)?  Asked of everybody who has to ask at all."""

from collections.abc import Iterator
from typing import ClassVar

from django import forms

from portal.ui.fields import TextField
from travel.models import Trip

from .base import SectionForm


class OwnPhoneForm(SectionForm):
    title = "Your own phone or tablet"
    kept = ("personal_device", "personal_device_apps")

    personal_device = forms.ChoiceField(
        label="Are there MoJ apps on a personal phone or tablet that you will take?",
        help_text="For example, the password manager. Taking it abroad counts as taking MoJ information.",
        choices=Trip.PersonalDevice.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Select whether there are MoJ apps on a personal device that you will take"},
    )
    personal_device_apps = TextField(label="Which apps?", name="the apps", max_length=200, required=False)
    govuk: ClassVar = {
        "personal_device": {
            "legend_size": "m",
            "items": {
                Trip.PersonalDevice.LOG_OUT: {"hint": "Nothing more is needed. Log in again after you return."},
                Trip.PersonalDevice.UNINSTALL: {"hint": "Nothing more is needed. Install them again after you return."},
                Trip.PersonalDevice.KEEP: {"reveals": ["personal_device_apps"]},
            },
        },
    }

    def clean(self) -> None:
        if self.cleaned_data.get("personal_device") != Trip.PersonalDevice.KEEP:
            # What stands in a box that the answer hides is not an answer, wrong or right.
            self.cleaned_data["personal_device_apps"] = ""
            self.errors.pop("personal_device_apps", None)
        elif not self.cleaned_data.get("personal_device_apps") and "personal_device_apps" not in self.errors:
            self.add_error("personal_device_apps", "Enter the apps that you need to keep using")

    @classmethod
    def answers_of(cls, trip: Trip) -> Iterator[tuple[str, str]]:
        facts = (trip.get_personal_device_display(), trip.personal_device_apps)
        yield "MoJ apps on a personal device", "\n".join(filter(None, facts))
