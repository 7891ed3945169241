"""The accounts of others, and one's own."""

app_name = "people"
urlpatterns: list = []
