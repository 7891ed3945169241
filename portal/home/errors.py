"""What does somebody see when a request cannot be answered?"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was sent from another sign-in than it was opened in, or from elsewhere."""
    return render(request, "403_csrf.html", status=403)
