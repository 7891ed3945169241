"""The address of the contacts."""

from django.urls import path

from . import views

app_name = "directory"

urlpatterns = [path("", views.Index.as_view(), name="index")]
