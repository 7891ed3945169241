"""What stands between the right password and a session?  allauth's login stages: no session before the last."""

from allauth.account.stages import LoginStage
from allauth.core.internal.httpkit import headed_redirect_response
from django.http import HttpResponse
from django_otp.models import Device

from . import actions, otp, policy
from .models import EmailCode, SentCode

ENROL, SIGN_IN = "enrol", "sign_in"  # what a sent code is for


class PortalStage(LoginStage):
    """A pending sign-in, bound to the credentials that it began with."""

    def is_resumable(self, request) -> bool:
        # Who opens the sign-in page again may be somebody else: they start from the beginning.
        return False

    def bind(self) -> None:
        """Remember what the password, the privileges and the epoch were; leave the key of the anonymous session."""
        if "bound_to" not in self.state:
            self.state["bound_to"] = self.login.user.get_session_auth_hash()
            self.request.session.cycle_key()

    def is_valid(self) -> bool:
        """Whether nothing changed since: no new password, no new privilege, no "end all sessions", still here."""
        user = self.login.user
        return bool(user and user.is_here and self.state.get("bound_to") == user.get_session_auth_hash())

    def send_code(self, device: SentCode, *, purpose: str) -> None:
        """Send the first code at once; where the last one is too fresh, the page has a button for another."""
        nonce = otp.new_nonce()
        try:
            otp.send_code(self.login.user, device, purpose=purpose, nonce=nonce)
        except otp.Refused:
            return
        self.state["nonce"] = nonce


class EnrolStage(PortalStage):
    """Somebody without a factor sets one up now, if they still may."""

    key = "portal_enrol"
    urlname = "mfa:enrol"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        user = self.login.user
        if user is None:
            return headed_redirect_response("account_login"), False
        if policy.factors(user):
            return None, True
        self.bind()
        if not policy.may_enrol(user):
            # Nobody signs in from there; whoever gave the password may ask that two people let them enrol again.
            return headed_redirect_response("mfa:blocked"), True
        self.state["enrolling"] = actions.start_app(user).pk
        # A leaked password must not be enough to put the thief's own phone beside it.
        self.send_code(actions.mailbox_code(user), purpose=ENROL)
        return headed_redirect_response(self.urlname), True


class VerifyStage(PortalStage):
    """Everybody else gives a code."""

    key = "portal_verify"
    urlname = "mfa:verify"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        if self.controller.get_stage(EnrolStage.key).state.get("device"):
            return None, True  # The code that confirmed the new app was given a moment ago.
        self.bind()
        best = next(iter(policy.factors(self.login.user)), None)
        if isinstance(best, EmailCode):
            self.send_code(best, purpose=SIGN_IN)
        return headed_redirect_response(self.urlname), True


class SealStage(PortalStage):
    """The last: put the proved device on the person, or refuse."""

    key = "portal_seal"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        user = self.login.user
        proved = [self.controller.get_stage(stage.key).state.get("device") for stage in (VerifyStage, EnrolStage)]
        device = Device.from_persistent_id(next(filter(None, proved), ""))
        if user and user.is_here and device and device.confirmed and device.user_id == user.pk:
            user.otp_device = device  # django-otp writes it into the session that begins now.
            return None, True
        return headed_redirect_response("account_login"), False
