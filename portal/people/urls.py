"""The accounts of others, and one's own."""

from django.urls import path

from .views import accounts, leaving, lists, me, person, posts, roles, sign_in_rules

app_name = "people"
urlpatterns = [
    path("", lists.Index.as_view(), name="index"),
    path("export/", lists.Export.as_view(), name="export"),
    path("invite/", accounts.Invite.as_view(), name="invite"),
    path("line-managers/", lists.Managers.as_view(), name="managers"),
    path("line-managers/<int:number>/", accounts.SettleManager.as_view(), name="manager"),
    path("<int:person>/", person.Detail.as_view(), name="detail"),
    path("<int:person>/edit/", accounts.Edit.as_view(), name="edit"),
    path("<int:person>/address/", accounts.ChangeAddress.as_view(), name="address"),
    path("<int:person>/invite-again/", accounts.InviteAgain.as_view(), name="invite-again"),
    path("<int:person>/close/", leaving.Deactivate.as_view(), name="deactivate"),
    path("<int:person>/closed/", leaving.Deactivated.as_view(), name="deactivated"),
    path("<int:person>/open-again/", leaving.Reactivate.as_view(), name="reactivate"),
    path("<int:person>/end-sessions/", leaving.EndSessions.as_view(), name="end-sessions"),
    path("<int:person>/unlock/", leaving.Unlock.as_view(), name="unlock"),
    path("me/", me.Me.as_view(), name="me"),
    path("me/phone/", me.MyPhone.as_view(), name="my-phone"),
    path("me/line-manager/", me.MyManager.as_view(), name="my-manager"),
    path("me/line-manager/take-back/", me.TakeBack.as_view(), name="my-manager-take-back"),
    path("me/about/", me.About.as_view(), name="about"),
    path("sign-in/", sign_in_rules.SignInRules.as_view(), name="sign-in"),
    path("sign-in/set/", sign_in_rules.SetRule.as_view(), name="sign-in-rule"),
    path("sign-in/rules/<int:number>/take-back/", sign_in_rules.TakeRuleBack.as_view(), name="sign-in-take-back"),
    path("sign-in/people/", sign_in_rules.FactorPeople.as_view(), name="sign-in-people"),
    path("sign-in/people/export/", sign_in_rules.FactorExport.as_view(), name="sign-in-export"),
    path("my-roles/", roles.MyRoles.as_view(), name="my-roles"),
    path("roles/", roles.Roles.as_view(), name="roles"),
    path("roles/export/", roles.RolesExport.as_view(), name="roles-export"),
    path("roles/review/", roles.Review.as_view(), name="role-review"),
    path("roles/proposals/", roles.Proposals.as_view(), name="role-proposals"),
    path("roles/proposals/<int:number>/", roles.Proposal.as_view(), name="role-proposal"),
    path("roles/proposals/<int:number>/take-back/", roles.TakeBack.as_view(), name="role-proposal-take-back"),
    path("roles/<int:number>/end/", roles.EndRole.as_view(), name="role-end"),
    path("posts/", posts.Posts.as_view(), name="posts"),
    path("posts/<int:number>/end/", posts.EndPost.as_view(), name="post-end"),
    path("grades/<int:number>/end/", posts.EndGrade.as_view(), name="grade-end"),
    path("<int:person>/roles/", roles.RolesOf.as_view(), name="roles-of"),
    path("<int:person>/roles/give/", roles.GiveRole.as_view(), name="role-give"),
    path("<int:person>/posts/give/", posts.GivePost.as_view(), name="post-give"),
    path("<int:person>/grades/give/", posts.GiveGrade.as_view(), name="grade-give"),
]
