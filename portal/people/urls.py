"""The accounts of others, and one's own."""

from django.urls import path

from .views import lists, person

app_name = "people"
urlpatterns = [
    path("", lists.Index.as_view(), name="index"),
    path("<int:person>/", person.Detail.as_view(), name="detail"),
]
