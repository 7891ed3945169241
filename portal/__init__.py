"""The staff security portal: everything that is not a room of its own."""

from .celery import app as celery_app

__all__ = ["celery_app"]
