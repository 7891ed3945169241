"""Names the app of the limit."""

from django.apps import AppConfig


class LimitConfig(AppConfig):
    name = "benchmarks.limit"
    label = "limit"
