"""Pages of single sign-on; without its configuration each is 404."""

from django.urls import path

from . import views

app_name = "sso"
urlpatterns = [
    path("start/", views.Start.as_view(), name="start"),
    path("return/", views.Return.as_view(), name="return"),
    path("link/", views.Link.as_view(), name="link"),
    path("unlink/", views.Unlink.as_view(), name="unlink"),
]
