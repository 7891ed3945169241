"""Pages of the second factor."""

from django.urls import path

from .views import address, base, keys, lost, own, phone, sessions, stages

app_name = "mfa"
urlpatterns = [
    path("enrol/", stages.Enrol.as_view(), name="enrol"),
    path("verify/", stages.Verify.as_view(), name="verify"),
    path("recovery/", stages.Recovery.as_view(), name="recovery"),
    path("recovery/phone/", stages.RecoveryByPhone.as_view(), name="recovery_by_phone"),
    path("blocked/", base.blocked, name="blocked"),
    path("lost/", lost.Lost.as_view(), name="lost"),
    path("reset/", lost.CancelReset.as_view(), name="reset"),
    path("replace/", own.Replace.as_view(), name="replace"),
    path("recovery-codes/", own.MakeRecoveryCodes.as_view(), name="recovery_codes"),
    path("key/challenge/", keys.Challenge.as_view(), name="key_challenge"),
    path("key/add/", keys.AddKey.as_view(), name="key_add"),
    path("key/<int:number>/remove/", keys.RemoveKey.as_view(), name="key_remove"),
    path("security/", own.Security.as_view(), name="security"),
    path("phone/", phone.AddPhone.as_view(), name="phone"),
    path("phone/code/", phone.ConfirmPhone.as_view(), name="phone_code"),
    path("phone/remove/", phone.RemovePhone.as_view(), name="phone_remove"),
    path("address/", address.ChangeAddress.as_view(), name="address"),
    path("address/<str:token>/", address.ConfirmAddress.as_view(), name="confirm_address"),
    path("sessions/", sessions.Sessions.as_view(), name="sessions"),
    path("sessions/<int:pk>/end/", sessions.EndSession.as_view(), name="end_session"),
    path("sessions/end-others/", sessions.EndOtherSessions.as_view(), name="end_other_sessions"),
    path("prove-again/", sessions.ProveAgain.as_view(), name="prove_again"),
    path("stay/", sessions.stay, name="stay"),
    path("alive/", sessions.alive, name="alive"),
]
