"""Where does the portal differ from allauth?"""

import ipaddress
import time
from typing import NoReturn

from allauth.account.adapter import DefaultAccountAdapter
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from portal.accounts.models import User
from portal.audit import log

from . import actions, keys, letters, otp, sessions


class AccountAdapter(DefaultAccountAdapter):
    """No sign-up, no session without a second factor, no address taken from a request's Host header."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "Your email address or password is wrong",
        "too_many_login_attempts": "There were too many wrong passwords. Wait 5 minutes and try again",
        "enter_current_password": "The current password is wrong",
        "incorrect_password": "The password is wrong",
        "rate_limited": "There were too many attempts. Wait some minutes and try again",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_login_stages(self) -> list[str]:
        return [
            *super().get_login_stages(),
            "portal.mfa.stages.EnrolStage",
            "portal.mfa.stages.VerifyStage",
            "portal.mfa.stages.SealStage",
        ]

    def get_reauthentication_methods(self, user: User) -> list[dict]:
        # A password is what the thief of a session would have, and people of a single sign-on have none.
        return []

    def login(self, request: HttpRequest, user: User) -> None:
        """Begin the session.

        :raises PermissionDenied: something tried to begin one without the seal of the last stage.
        """
        device = getattr(user, "otp_device", None)
        if device is None or not user.is_here:
            raise PermissionDenied("No session without a second factor.")
        super().login(request, user)  # Gives the session a new key; django-otp stores the device in it.
        request.session["signed_in_at"] = request.session["seen_at"] = time.time()
        otp.mark(request, device)
        keys.is_missing(request)  # Asked now, so that the first page need not.
        log.record(actor=user, action="door.signed_in", target=user, factor=device.label)
        sessions.note_second_place(user)

    def logout(self, request: HttpRequest) -> None:
        if request.user.is_authenticated:
            log.record(actor=request.user, action="door.signed_out", target=request.user)
        super().logout(request)

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address that counts everywhere; an IPv4 address written as IPv6 is the IPv4 address.

        A server that listens on both kinds writes them so.  All of them lie in one /64, which is the unit of the limits
        for IPv6: without this, everybody would share one limit, and no known network would be known.
        """
        ip = ipaddress.ip_address(super().get_client_ip(request))
        return str(getattr(ip, "ipv4_mapped", None) or ip)

    # Wrong passwords ------------------------------------------------------------------------------------------------

    def pre_authenticate(self, request: HttpRequest, **credentials: str) -> None:
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            log.record(actor=None, action="door.passwords_paused", target=self._person(credentials))
            raise

    def authentication_failed(self, request: HttpRequest, **credentials: str) -> None:
        person = self._person(credentials)
        known_to_have_left = person.pk and not person.is_here
        action = "door.leaver_refused" if known_to_have_left else "door.password_failed"
        log.record(actor=None, action=action, target=person)

    @staticmethod
    def _person(credentials: dict) -> User:
        """Return whose address this is, or nobody: what is no address of ours may be a password in the wrong box."""
        address = credentials.get("email", "").strip().lower()
        return User.objects.filter(email=address).first() or letters.nobody()

    # Addresses ------------------------------------------------------------------------------------------------------

    def get_reset_password_from_key_url(self, key: str) -> str:
        return letters.address(actions.set_password_path(key))

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation) -> str:
        return letters.address(reverse("account_confirm_email", args=[emailconfirmation.key]))

    def is_safe_url(self, url: str) -> bool:
        # After signing in one stays here: a path of the portal, on no other host, not even one of its own names.
        return url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    # Messages -------------------------------------------------------------------------------------------------------

    def send_mail(self, template_prefix: str, email: str, context: dict) -> NoReturn:
        """Refuse: a mail server may hold up no page, nor its failing tell who has an account."""
        raise NotImplementedError(f"{template_prefix} goes through the outbox, or not at all.")

    def send_password_reset_mail(self, user: User, email: str, context: dict) -> None:
        letters.send_password_link(user, context["password_reset_url"])

    def send_confirmation_mail(self, request: HttpRequest, emailconfirmation, signup: bool) -> None:
        to = emailconfirmation.email_address
        letters.send_address_link(to.user, self.get_email_confirmation_url(request, emailconfirmation), to=to.email)

    def send_notification_mail(self, template_prefix: str, user: User, context=None, email=None) -> None:
        """Owe the person a message through the outbox instead of sending it while they wait."""
        letters.tell(user, template_prefix.rpartition("/")[2])

    def respond_user_inactive(self, request: HttpRequest, user: User):
        raise PermissionDenied("A leaver may not sign in.")
