"""What does a person type to get in?  allauth's own forms with our fields and wording, and the forms of codes."""

import re
from typing import Any

from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest

from portal.accounts.addresses import refuse_unfit
from portal.accounts.models import User
from portal.audit import log
from portal.ui.fields import TextField
from portal.ui.forms import FormMixin, PortalForm

from . import letters, passwords, policy
from .models import EmailCode, Factor, SecurityKey
from .phones import as_mobile
from .sso.policy import has_only_single_sign_on


class PasswordField(forms.CharField):
    """A password as typed, in the one spelling that is compared; what is too long never costs a hash."""

    widget = forms.PasswordInput
    autocomplete = "current-password"
    default_error_messages = {
        "max_length": f"Password must be {passwords.MAX_LENGTH} characters or fewer",
        "null_characters_not_allowed": "Password must not include characters that no keyboard types",
    }

    def __init__(self, **kwargs) -> None:
        super().__init__(**{"strip": False, "max_length": passwords.MAX_LENGTH, **kwargs})
        self.widget.attrs["autocomplete"] = self.autocomplete

    def to_python(self, value: str | None) -> str:
        return passwords.normalised(super().to_python(value))


class NewPasswordField(PasswordField):
    """A password that somebody chooses; one box, because whoever wants to be sure of what they typed can show it."""

    autocomplete = "new-password"
    user: User | None = None  # The forms of allauth say whose it will be.

    def clean(self, value: str) -> str:
        password = super().clean(value)
        passwords.refuse_weak(password, self.user)
        return password


class AccountForm(FormMixin):
    """Mixed into allauth's forms: labels instead of placeholders, and a message for each empty box."""

    labels: dict[str, str] = {}
    hints: dict[str, str] = {}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = self.labels[name]
            field.help_text = self.hints.get(name, "")
            field.widget.attrs.pop("placeholder", None)
            field.error_messages["required"] = self._required_message(field)


class LoginForm(AccountForm, allauth_forms.LoginForm):
    password = PasswordField()
    submit_label = "Sign in"
    labels = {"login": "Email address", "password": "Password"}
    govuk = {"login": {"width": "two-thirds"}, "password": {"width": "two-thirds"}}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["login"].error_messages["required"] = "Enter your email address"
        self.fields["password"].error_messages["required"] = "Enter your password"
        self.fields["login"].widget.attrs["autocomplete"] = "username"


class ResetPasswordForm(AccountForm, allauth_forms.ResetPasswordForm):
    submit_label = "Send the link"
    labels = {"email": "Email address"}
    govuk = {"email": {"width": "two-thirds", "name": "your email address"}}

    def clean_email(self) -> str:
        """Find whose address on record this is, in one query; nobody takes the same way to the same answer (S24)."""
        email = get_adapter().clean_email(self.cleaned_data["email"].strip().lower())
        person = policy.by_address(email)
        may_reset = person and policy.may_set_password(person) and not has_only_single_sign_on(person)
        self.users = [person if may_reset else letters.nobody()]
        return email

    @transaction.atomic
    def save(self, request, **kwargs) -> str:
        for person in self.users:
            log.record(actor=None, action="door.password_reset_asked", target=person)
        return super().save(request, **kwargs)


class ResetPasswordKeyForm(AccountForm, allauth_forms.ResetPasswordKeyForm):
    password1 = NewPasswordField()
    password2 = None
    submit_label = "Set password"
    labels = {"password1": "New password"}
    govuk = {"password1": {"width": "two-thirds"}}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["password1"].error_messages["required"] = "Enter a new password"

    def clean_password1(self) -> str:
        passwords.refuse_earlier(self.cleaned_data["password1"], self.user)
        return self.cleaned_data["password1"]

    def save(self) -> None:
        passwords.reset(user=self.user, password=self.cleaned_data["password1"])


class ChangePasswordForm(PortalForm):
    """A new password, with the current one: whoever finds a session open does not know it."""

    oldpassword = PasswordField(label="Current password", error_messages={"required": "Enter your current password"})
    password1 = NewPasswordField(label="New password", error_messages={"required": "Enter a new password"})
    submit_label = "Change password"
    govuk = {"oldpassword": {"width": "two-thirds"}, "password1": {"width": "two-thirds"}}

    def __init__(self, *args, request: HttpRequest, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self.user = self.fields["password1"].user = request.user

    def clean_oldpassword(self) -> str:
        # The way of the sign-in page: a wrong one is counted and recorded as there, for both pages together.
        old = self.cleaned_data["oldpassword"]
        adapter = get_adapter(self.request)
        if adapter.authenticate(self.request, email=self.user.email, password=old) is None:
            raise adapter.validation_error("enter_current_password")
        return old

    def clean_password1(self) -> str:
        # Nobody learns what was used before without the current password.
        if old := self.cleaned_data.get("oldpassword"):
            passwords.refuse_earlier(self.cleaned_data["password1"], self.user, old=old)
        return self.cleaned_data["password1"]


class UserTokenForm(allauth_forms.UserTokenForm):
    """A link that was sent before the last day opens nothing after it."""

    def clean(self) -> dict:
        cleaned = super().clean()
        if self.reset_user is not None and not self.reset_user.is_here:
            raise get_adapter().validation_error("invalid_password_reset")
        return cleaned


class CodeForm(PortalForm):
    """The code of an authenticator app."""

    code = TextField(
        label="Code from your app",
        help_text="It has 6 numbers and changes every 30 seconds",
        error_messages={"required": "Enter the code from your app"},
        max_length=12,
        name="the code",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "spellcheck": "false"}),
    )
    govuk = {"code": {"width": 10}}

    def clean_code(self) -> str:
        code = self.cleaned_data["code"].replace(" ", "")  # Apps show a gap in the middle.
        if not re.fullmatch(r"[0-9]{6}", code):
            raise ValidationError("Enter the 6 numbers of the code")
        return code

    def refuse(self, sentence: str) -> None:
        """Say, beside the box, why a proof was not taken."""
        if not hasattr(self, "cleaned_data"):  # Nobody asked whether what was typed is right: a code was asked for.
            self.is_bound, self.cleaned_data, self._errors = True, {}, forms.utils.ErrorDict()
        self.add_error("code" if "code" in self.fields else None, sentence)


class KeyAnswer(forms.HiddenInput):
    """What a security key answered, put there by the page's script; it counts once, so it is never shown again."""

    def __init__(self) -> None:
        super().__init__(attrs={"autocomplete": "off"})

    def format_value(self, value: Any) -> None:
        return None


class FactorForm(CodeForm):
    """A code of one of these factors, or what a security key answered."""

    code_was_sent = False
    key_answer = forms.CharField(required=False, max_length=10_000, widget=KeyAnswer)

    def __init__(self, *args: Any, factors: list[Factor], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.factors = factors
        code = self.fields["code"]
        if self.by_email:
            code.label = "Code from your email"
            code.help_text = "It has 6 numbers. We sent it to your work address"
            code.error_messages["required"] = "Enter the code from your email, or ask for one"
        elif not self.by_app:
            del self.fields["code"]  # Nothing but keys: the button does it.
        if not self.has_key:
            del self.fields["key_answer"]
        elif "code" in self.fields:
            code.required = False

    @property
    def has_key(self) -> bool:
        return any(isinstance(one, SecurityKey) for one in self.factors)

    @property
    def by_email(self) -> bool:
        return any(isinstance(one, EmailCode) for one in self.factors)

    @property
    def by_app(self) -> bool:
        return any(not isinstance(one, SecurityKey | EmailCode) for one in self.factors)

    def clean_code(self) -> str:
        return super().clean_code() if self.cleaned_data.get("code") else ""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors and not cleaned.get("code") and not cleaned.get("key_answer"):
            message = (
                "Use your security key, or enter the code from your app" if self.by_app else "Use your security key"
            )
            self.add_error("code" if "code" in self.fields else None, message)
        return cleaned


class MailboxForm(CodeForm):
    """The code that was sent to the work mailbox."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        code = self.fields["code"]
        code.label, code.help_text = "Code from your email", "It has 6 numbers and works for 5 minutes"
        code.error_messages["required"] = "Enter the code from your email"


class ConfirmAppForm(CodeForm):
    """The first code of a new app."""

    submit_label = "Set up the app"


class RecoveryCodeForm(PortalForm):
    code = TextField(
        label="Recovery code",
        help_text="It has 24 letters and numbers. Capitals, spaces and hyphens do not matter",
        error_messages={"required": "Enter a recovery code"},
        max_length=60,
        name="the recovery code",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    govuk = {"code": {"width": 30}}
    submit_label = "Continue"

    def clean_code(self) -> str:
        # A slip of the pen is told from a wrong code, which counts against the person.
        code = re.sub(r"[\s-]", "", self.cleaned_data["code"])
        if not re.fullmatch(r"[0-9A-Za-z]{24}", code):
            raise ValidationError("Enter the 24 letters and numbers of a recovery code")
        return code


class LostForm(PortalForm):
    """What somebody says who has nothing left that signs them in."""

    reason = TextField(
        label="What have you lost, and how?",
        help_text="Such as: my phone was stolen on Monday, and my recovery codes were in the same bag. "
        "Two people read this. Never write a password or a code here",
        error_messages={"required": "Say what you have lost, and how"},
        max_length=500,
        name="what you have lost",
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    submit_label = "Ask for a reset"


class PhoneCodeForm(CodeForm):
    """The code that was sent to a phone by text message."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        code = self.fields["code"]
        code.label, code.help_text = "Code from the text message", "It has 6 numbers and works for 5 minutes"
        code.error_messages["required"] = "Enter the code from the text message"


class AddressForm(PortalForm):
    """Another work address for one's own account."""

    address = forms.EmailField(
        label="New work email address",
        help_text="We send a link to it. Until you open the link you sign in with the address that you have now",
        error_messages={"required": "Enter your new work email address"},
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false"}),
    )
    govuk = {"address": {"width": "two-thirds"}}

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_address(self) -> str:
        address = refuse_unfit(self.cleaned_data["address"], of=self.user)
        if address == self.user.email:
            raise ValidationError("This is the address that you have now")
        return address


class PhoneForm(PortalForm):
    """The phone that can bring somebody back; R368 asks for the password as well."""

    number = TextField(
        label="UK mobile number",
        help_text="Use a phone that is yours alone. We only send codes to it when you ask to set up a new app",
        error_messages={"required": "Enter a UK mobile number, like 07700 900 982"},
        max_length=30,
        name="the number",
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel"}),
    )
    password = PasswordField(label="Your password", error_messages={"required": "Enter your password"})
    govuk = {"number": {"width": 20}, "password": {"width": "two-thirds"}}

    def clean_number(self) -> str:
        return as_mobile(self.cleaned_data["number"])


class AddKeyForm(PortalForm):
    """A new security key: what its owner calls it, and what it answered."""

    name = TextField(
        label="Name of the key",
        help_text="So that you can tell your keys apart, for example “Blue key” or “Work laptop”",
        max_length=40,
        name="a name for the key",
    )
    new_key = forms.CharField(required=False, max_length=10_000, widget=KeyAnswer)
    govuk = {"name": {"width": 20}}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors and not cleaned.get("new_key"):
            self.add_error(None, "Your browser did not read a security key. Try again")
        return cleaned
