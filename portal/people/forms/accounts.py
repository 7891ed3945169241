"""What is asked about an account, and what is told beside the field when an answer cannot be used?"""

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from portal.accounts import addresses
from portal.accounts.models import BusinessArea, User
from portal.ui.fields import DateField, EmailField, TextField
from portal.ui.forms import PortalForm

NOT_STAFF = "Only for contractors and agency staff."


class PersonField(EmailField):
    """Somebody who works here, by their work email address; ``kept`` may stay although they have left."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kept: User | None = None

    def prepare_value(self, value: Any) -> Any:
        return value.email if isinstance(value, User) else value

    def clean(self, value: Any) -> User | None:
        email = super().clean(value).lower()
        if not email:
            return None
        if self.kept is not None and email == self.kept.email:
            return self.kept
        found = User.objects.filter(email=email).first()
        if found is None or not found.is_here:
            raise ValidationError("Nobody who works here has this address. Check it, or invite them first")
        return found


class AddressForm(PortalForm):
    """The address that somebody signs in with: theirs alone, and not to be mistaken for another's."""

    email = EmailField(
        label="Work email address",
        name="work email address",
        help_text="They sign in with it, and all messages go there.",
        error_messages={"required": "Enter their work email address"},
    )
    is_checked = forms.BooleanField(
        label="I have checked this address with the person or in the staff directory", required=False
    )
    govuk: ClassVar = {"email": {"width": "two-thirds"}}
    person: User | None = None
    asks_to_check = False

    def get_layout(self) -> Any:
        layout = super().get_layout()
        if not self.asks_to_check:
            layout.fields.remove("is_checked")
        return layout

    def clean_email(self) -> str:
        email = self.cleaned_data["email"].lower()
        if not addresses.is_plain(email):
            raise ValidationError("Use an address of plain letters from a to z, without a plus sign or accents")
        if addresses.is_role_mailbox(email):
            raise ValidationError("This looks like a mailbox that a team reads. Each account is for one named person")
        holder = User.objects.filter(email=email).first()
        if holder is not None and holder != self.person:
            raise ValidationError("Somebody has an account with this address already")
        if doubt := self.doubt_about(email):
            self.asks_to_check = True
            if not self.data.get("is_checked"):
                raise ValidationError(f"{doubt}. Check the address. If it is right, tick the box below it")
        return email

    def doubt_about(self, email: str) -> str:
        """Say why an address may be a mistake, or a trick."""
        others = addresses.look_alikes(email)
        if self.person is not None:
            others = others.exclude(pk=self.person.pk)
        if other := others.first():
            return f"This address is easily taken for that of {other}, {other.email}"
        if not addresses.is_of_a_known_domain(email):
            return f"Nobody here has an address that ends in @{email.rpartition('@')[2]}"
        return ""


class AccountFields(PortalForm):
    """What is on record of a person, apart from the address."""

    full_name = TextField(
        label="Full name", max_length=120, name="name", error_messages={"required": "Enter their full name"}
    )
    business_area = forms.ModelChoiceField(
        label="Business area",
        queryset=BusinessArea.objects.none(),
        empty_label="Select a business area",
        error_messages={
            "required": "Select their business area",
            "invalid_choice": "Select a business area that you look after",
        },
    )
    line_manager = PersonField(
        label="Line manager (optional)",
        help_text="Their work email address. The line manager is the first who decides what this person asks for.",
        name="line manager",
        required=False,
    )
    grade = TextField(label="Grade (optional)", required=False, max_length=60)
    person_type = forms.ChoiceField(
        label="Person type",
        choices=User.PersonType.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Select whether they are staff, a contractor or agency staff"},
    )
    sponsor = PersonField(
        label="Sponsor",
        help_text=f"{NOT_STAFF} The work email address of the member of staff who answers for them.",
        required=False,
    )
    ends_on = DateField(
        label="Last day",
        help_text="Needed for contractors and agency staff. They cannot sign in after it.",
        name="the last day",
        required=False,
    )
    govuk: ClassVar = {
        "full_name": {"width": "two-thirds"},
        "line_manager": {"width": "two-thirds"},
        "sponsor": {"width": "two-thirds"},
        "grade": {"width": 10},
    }
    current_end: Any = None

    def __init__(self, *args: Any, areas: Iterable[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["business_area"].queryset = BusinessArea.objects.filter(pk__in=areas)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("person_type") == User.PersonType.STAFF:
            cleaned["sponsor"] = None
        elif "person_type" in cleaned:
            if "sponsor" in cleaned and cleaned["sponsor"] is None:
                self.add_error("sponsor", "Enter the work email address of their sponsor")
            if "ends_on" in cleaned and cleaned["ends_on"] is None:
                self.add_error("ends_on", "Enter their last day")
        last = cleaned.get("ends_on")
        if last and last != self.current_end and last < timezone.localdate():
            self.add_error("ends_on", "The last day must be today or in the future")
        return cleaned


class InviteForm(AccountFields, AddressForm):
    """Somebody new."""

    submit_label = "Send the invitation"
    field_order = (
        "full_name", "email", "is_checked", "business_area", "line_manager", "grade", "person_type", "sponsor",
        "ends_on",
    )  # fmt: skip
    govuk: ClassVar = AccountFields.govuk | AddressForm.govuk


class EditForm(AccountFields):
    """What is on record of somebody."""

    submit_label = "Save"
    phone = TextField(label="Work phone (optional)", required=False, max_length=30)
    govuk: ClassVar = AccountFields.govuk | {"phone": {"width": 20}}
    field_order = (
        "full_name", "business_area", "line_manager", "grade", "phone", "person_type", "sponsor", "ends_on"
    )  # fmt: skip

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.current_end = person.ends_on
        self.fields["line_manager"].kept, self.fields["sponsor"].kept = person.line_manager, person.sponsor

    @property
    def changes(self) -> dict[str, Any]:
        """What differs from the record; somebody who became staff has no sponsor any more."""
        return {name: value for name, value in self.cleaned_data.items() if value != self.initial.get(name)}


class ReasonForm(PortalForm):
    """Why an administrator does it; the audit log keeps it."""

    reason = TextField(
        label="Why?",
        help_text="Kept in the audit log. Do not write anything about health, conduct or vetting",
        name="the reason",
        max_length=200,
        error_messages={"required": "Enter the reason"},
    )


class ReturnForm(ReasonForm):
    """Somebody comes back."""

    ends_on = DateField(
        label="Last day", name="the last day", required=False, help_text="Needed for contractors and agency staff."
    )
    is_staff = True

    def clean_ends_on(self) -> Any:
        last = self.cleaned_data["ends_on"]
        if last is None and not self.is_staff:
            raise ValidationError("Enter their last day")
        if last and last < timezone.localdate():
            raise ValidationError("The last day must be today or in the future")
        return last


class SettleManagerForm(PortalForm):
    """Is the named person the line manager?"""

    decision = forms.ChoiceField(
        label="Is this right?",
        choices=[("accept", "Yes, change the line manager"), ("refuse", "No, keep the line manager on record")],
        widget=forms.RadioSelect,
        error_messages={"required": "Select whether to change the line manager"},
    )
    answer = TextField(
        label="Why not?",
        help_text="The person and whoever asked are told.",
        max_length=500,
        required=False,
        widget=forms.Textarea,
        name="why not",
    )
    govuk: ClassVar = {"decision": {"items": {"refuse": {"reveals": ["answer"]}}}}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("decision") == "refuse" and "answer" in cleaned and not cleaned["answer"]:
            self.add_error("answer", "Enter why the line manager stays")
        return cleaned


class ExportForm(PortalForm):
    """As what file?"""

    submit_label = "Download"
    format = forms.ChoiceField(
        label="What kind of file?",
        choices=[("csv", "CSV"), ("xlsx", "Excel workbook")],
        widget=forms.RadioSelect,
        error_messages={"required": "Select a kind of file"},
    )
