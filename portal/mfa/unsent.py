"""What becomes of what somebody typed, when it cannot be taken?  It is shown to them once more, and kept nowhere."""

import re
from collections.abc import Iterator
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

# Not typed by anybody, or not to be read by whoever looks over a shoulder.
OURS = re.compile(
    r"csrfmiddlewaretoken|form_id|version|seen|step|later|add|remove-\d+|send_code|proof-.*"
    r"|.*-(TOTAL|INITIAL|MIN_NUM|MAX_NUM)_FORMS"
)
SECRET = re.compile(r"password|secret|token|(^|[-_])(code|otp|pin|key_answer)\d*($|[-_])", re.IGNORECASE)
ROW = re.compile(r"^(?P<rows>[a-z_]+)-(?P<number>\d+)-(?P<name>.+)$")


def label_of(name: str) -> str:
    """Return the name of a field as words: "legs-0-arrives_on" is "Legs 1: arrives on"."""
    if row := ROW.match(name):
        return f"{label_of(row['rows'])} {int(row['number']) + 1}: {row['name'].replace('_', ' ')}"
    words = re.sub(r"[-_]+", " ", name).strip()
    return words[:1].upper() + words[1:]


def typed(request: HttpRequest) -> Iterator[dict[str, str]]:
    """Yield what was posted, in the order of the page: no token, no password, no code, no proof."""
    for name, values in request.POST.lists():
        if OURS.fullmatch(name) or SECRET.search(name):
            continue
        if text := "\n".join(value for value in values if value.strip()):
            yield {"key": label_of(name), "value": "Ticked" if text == "on" else text}
    for name, files in request.FILES.lists():
        yield {"key": label_of(name), "value": "\n".join(f"{file.name} (choose this file again)" for file in files)}


def show(request: HttpRequest, why: str) -> HttpResponse:
    """Show what was typed, as text to copy, and the way back in.

    ``why`` is "ended" (the session is over), "proof" (a code is asked for again) or "token" (the page was opened in
    another sign-in).
    """
    way = "mfa:prove_again" if why == "proof" else "account_login"
    context = {"why": why, "rows": list(typed(request)), "url": f"{reverse(way)}?{urlencode({'next': request.path})}"}
    return render(request, "mfa/signed_out.html", context, status=403)
