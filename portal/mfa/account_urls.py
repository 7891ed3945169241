"""allauth's pages of passwords, without those that the portal does not have.

What stands here comes before allauth's own address of the same name.  The names stay, because allauth reverses them.
"""

from django.urls import include, path, re_path

from .views.base import gone
from .views.passwords import ChangePassword, SetPassword

urlpatterns = [
    path("signup/", gone, name="account_signup"),  # People are made by an administrator.
    path("reauthenticate/", gone, name="account_reauthenticate"),  # A password is no second proof.
    path("email/", gone, name="account_email"),  # An address is changed on mfa:address, with a code.
    path("password/change/", ChangePassword.as_view(), name="account_change_password"),  # With a fresh second factor.
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        SetPassword.as_view(),
        name="account_reset_password_from_key",
    ),
    path("password/set/", gone, name="account_set_password"),  # Set by the link of an invitation or reset.
    path("inactive/", gone, name="account_inactive"),  # A leaver is told what everybody else is told.
    path("login/code/confirm/", gone, name="account_confirm_login_code"),  # No sign-in by e-mail alone.
    path("", include("allauth.account.urls")),
]
