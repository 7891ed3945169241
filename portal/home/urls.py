"""The addresses that belong to no room."""

from django.urls import path

from . import public, views

app_name = "home"

urlpatterns = [
    path("", views.Home.as_view(), name="index"),
    path("waiting/", views.Waiting.as_view(), name="waiting"),
    path("your-requests/", views.YourRequests.as_view(), name="requests"),
    path("search/", views.Search.as_view(), name="search"),
    path("accessibility/", public.Accessibility.as_view(), name="accessibility"),
    path("privacy/", public.Privacy.as_view(), name="privacy"),
    path("cookies/", public.Cookies.as_view(), name="cookies"),
    path("signing-in/", public.SigningIn.as_view(), name="signing-in"),
    path("suppliers/", public.Suppliers.as_view(), name="suppliers"),
    path("healthz/", public.healthz, name="healthz"),
    path("readyz/", public.readyz, name="readyz"),
]
