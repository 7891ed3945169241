"""What does a person type to get in?  allauth's own forms with our fields and wording, and the forms of codes."""

import re

from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction

from portal.accounts.models import User
from portal.audit import log
from portal.ui.fields import TextField
from portal.ui.forms import FormMixin, PortalForm

from . import letters

NEW_PASSWORD_HINT = "Use at least 12 characters. Three random words make a good password."  # noqa: S105


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
        person = User.objects.filter(email=email).first()
        self.users = [person if person and person.is_here else letters.nobody()]
        return email

    @transaction.atomic
    def save(self, request, **kwargs) -> str:
        for person in self.users:
            log.record(actor=None, action="door.password_reset_asked", target=person)
        return super().save(request, **kwargs)


class NewPasswordForm(AccountForm):
    """One box: whoever wants to be sure of what they typed can show it."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["password1"].widget.attrs["autocomplete"] = "new-password"


class ResetPasswordKeyForm(NewPasswordForm, allauth_forms.ResetPasswordKeyForm):
    submit_label = "Set password"
    labels = {"password1": "New password"}
    hints = {"password1": NEW_PASSWORD_HINT}
    govuk = {"password1": {"width": "two-thirds"}}
    password2 = None

    @transaction.atomic
    def save(self) -> None:
        super().save()
        log.record(actor=None, action="door.password_reset", target=self.user)


class ChangePasswordForm(NewPasswordForm, allauth_forms.ChangePasswordForm):
    submit_label = "Change password"
    labels = {"oldpassword": "Current password", "password1": "New password"}
    hints = {"password1": NEW_PASSWORD_HINT}
    govuk = {"oldpassword": {"width": "two-thirds"}, "password1": {"width": "two-thirds"}}
    password2 = None

    @transaction.atomic
    def save(self) -> None:
        super().save()
        log.record(actor=self.user, action="door.password_changed", target=self.user)


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
            raise ValidationError("Enter the 6 numbers that your app shows")
        return code


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
