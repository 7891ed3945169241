"""The addresses of overseas travel."""

from django.urls import path

from .views import checks, decisions, preparing, requests, sections

app_name = "travel"

urlpatterns = [
    path("", requests.Index.as_view(), name="index"),
    path("start/", requests.Start.as_view(), name="start"),
    path("all/", decisions.AllTrips.as_view(), name="all"),
    path("trouble/", preparing.Trouble.as_view(), name="trouble"),
    path("<str:reference>/", decisions.Detail.as_view(), name="detail"),
    path("<str:reference>/tasks/", sections.Tasks.as_view(), name="tasks"),
    path("<str:reference>/sections/<slug:section>/", sections.SectionPage.as_view(), name="section"),
    path("<str:reference>/answer/", sections.Answer.as_view(), name="answer"),
    path("<str:reference>/approvers/<slug:stage>/", sections.ChooseApprover.as_view(), name="choose-approver"),
    path("<str:reference>/check/", sections.Check.as_view(), name="check"),
    path("<str:reference>/submitted/", requests.Submitted.as_view(), name="submitted"),
    path("<str:reference>/copy/", requests.Copy.as_view(), name="copy"),
    path("<str:reference>/discard/", requests.Discard.as_view(), name="discard"),
    path("<str:reference>/withdraw/", requests.Withdraw.as_view(), name="withdraw"),
    path("<str:reference>/cancel/", requests.Cancel.as_view(), name="cancel"),
    path("<str:reference>/amend/", requests.Amend.as_view(), name="amend"),
    path("<str:reference>/confirm/", requests.Confirm.as_view(), name="confirm"),
    path("<str:reference>/rounds/<int:number>/", decisions.Round.as_view(), name="round"),
    path("<str:reference>/clearance-check/", checks.ClearanceCheck.as_view(), name="clearance-check"),
    path("<str:reference>/decide/", decisions.Decide.as_view(), name="decide"),
    path("<str:reference>/name-approver/", decisions.NameApprover.as_view(), name="name-approver"),
    path("<str:reference>/conditions/", decisions.AcceptConditions.as_view(), name="conditions"),
    path("<str:reference>/before-you-leave/", preparing.BeforeYouLeave.as_view(), name="before-you-leave"),
]
