"""The address of the messages."""

from django.urls import path

from . import views

app_name = "notifications"

urlpatterns = [path("", views.Index.as_view(), name="index")]
