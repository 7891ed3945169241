"""Pages of the second factor."""

from django.urls import path

from . import views

app_name = "mfa"
urlpatterns = [
    path("enrol/", views.Enrol.as_view(), name="enrol"),
    path("verify/", views.Verify.as_view(), name="verify"),
    path("recovery/", views.Recovery.as_view(), name="recovery"),
    path("blocked/", views.blocked, name="blocked"),
    path("replace/", views.Replace.as_view(), name="replace"),
    path("recovery-codes/", views.MakeRecoveryCodes.as_view(), name="recovery_codes"),
    path("security/", views.Security.as_view(), name="security"),
]
