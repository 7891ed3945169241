"""The addresses that the header and footer name, so that the ground floor is tested without any room above it."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def view(request: HttpRequest) -> HttpResponse:
    return HttpResponse("")


home = [
    path("", view, name="index"),
    path("accessibility/", view, name="accessibility"),
    path("privacy/", view, name="privacy"),
    path("cookies/", view, name="cookies"),
    path("suppliers/", view, name="suppliers"),
]
travel = [
    path("", view, name="index"),
    path("trouble/", view, name="trouble"),
    path("new/", view, name="new"),
]
people = [path("me/", view, name="me")]

urlpatterns = [
    path("", include((home, "home"))),
    path("travel/", include((travel, "travel"))),
    path("people/", include((people, "people"))),
    path("sign-in/", view, name="account_login"),
    path("sign-out/", view, name="account_logout"),
]
