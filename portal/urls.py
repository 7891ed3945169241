"""The map of the site: one include for each room."""

from django.contrib import admin
from django.urls import include, path

handler400 = "portal.home.errors.bad_request"
handler403 = "portal.home.errors.forbidden"
handler404 = "portal.home.errors.not_found"
handler500 = "portal.home.errors.server_error"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/", include("portal.mfa.account_urls")),
    path("mfa/", include("portal.mfa.urls")),
    path("mfa/sso/", include("portal.mfa.sso.urls")),
    path("travel/", include("travel.urls")),
    path("contacts/", include("portal.directory.urls")),
    path("messages/", include("portal.notifications.urls")),
    path("people/", include("portal.people.urls")),
    path("", include("portal.home.urls")),
]
