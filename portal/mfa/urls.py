"""Pages of the second factor."""

from django.urls import path

from . import views, views_sessions

app_name = "mfa"
urlpatterns = [
    path("enrol/", views.Enrol.as_view(), name="enrol"),
    path("verify/", views.Verify.as_view(), name="verify"),
    path("recovery/", views.Recovery.as_view(), name="recovery"),
    path("blocked/", views.blocked, name="blocked"),
    path("replace/", views.Replace.as_view(), name="replace"),
    path("recovery-codes/", views.MakeRecoveryCodes.as_view(), name="recovery_codes"),
    path("security/", views.Security.as_view(), name="security"),
    path("sessions/", views_sessions.Sessions.as_view(), name="sessions"),
    path("sessions/<int:pk>/end/", views_sessions.EndSession.as_view(), name="end_session"),
    path("sessions/end-others/", views_sessions.EndOtherSessions.as_view(), name="end_other_sessions"),
    path("prove-again/", views_sessions.ProveAgain.as_view(), name="prove_again"),
    path("stay/", views_sessions.stay, name="stay"),
    path("alive/", views_sessions.alive, name="alive"),
]
