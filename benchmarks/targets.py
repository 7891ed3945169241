"""Who asks for which page?  Fills a database and prints, as JSON, the requests that are to be measured.

DATABASE_URL=... DJANGO_SETTINGS_MODULE=benchmarks.settings python -m benchmarks.targets ROWS SUPPLY
"""

import json
import sys
import time
from typing import Any

import django

django.setup()

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.auth.models import AbstractBaseUser  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.test import Client  # noqa: E402

from benchmarks.fill import STRIDE, fill  # noqa: E402
from portal.accounts.models import Role, User  # noqa: E402
from portal.approvals.models import Approval, Status, Step  # noqa: E402
from portal.approvals.receipts import new_form_id  # noqa: E402
from tests.people import sign_in  # noqa: E402

TOKEN = "b" * 32  # What a browser would have been given as its CSRF cookie.


def portal_session(user: User) -> str:
    """The cookies of somebody past the second factor."""
    client = sign_in(Client(), user)
    cookie = next(iter(client.cookies.values()))
    return f"{cookie.key}={cookie.value}; __Host-csrf={TOKEN}"


def limit_session(user: User) -> str:
    """The cookies of the same person in the limit, whose settings have the same secret."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = AbstractBaseUser._get_session_auth_hash(user)  # The portal's own covers more.
    session.save()
    return f"sessionid={session.session_key}; csrftoken={TOKEN}"


def get(user: User, path: str, limit_path: str, expect: str) -> dict[str, Any]:
    """A page that is read again and again."""
    return {
        "portal": {"cookie": portal_session(user), "requests": [["GET", path, {}]], "status": 200, "expect": expect},
        "limit": {"cookie": limit_session(user), "requests": [["GET", limit_path, {}]], "status": 200, "expect": ""},
    }


def post(user: User, records: list[Approval], page: str, answers: dict[str, str], limit: list) -> dict[str, Any]:
    """A form that is sent once for each of these records."""
    requests = []
    for one in records:
        path = f"/travel/{one.reference}/{page}/"
        token = {"csrfmiddlewaretoken": TOKEN, "form_id": new_form_id(user, path), "version": str(one.version)}
        requests.append(["POST", path, answers | token])
    return {
        "portal": {"cookie": portal_session(user), "requests": requests, "status": 302, "expect": ""},
        "limit": {"cookie": limit_session(user), "requests": limit, "status": 302, "expect": ""},
    }


def targets(rows: int, supply: int) -> dict[str, Any]:
    """Every page with the person who opens it."""
    begun = time.monotonic()
    copier = fill(rows, supply)
    made = copier.made
    busiest, second, its_senior = made.managers[0], made.managers[1], made.seniors[1]
    security = made.roles[Role.MOJ_SECURITY][0]
    latest = Approval.objects.filter(pk__gt=STRIDE, room="travel").order_by("-changed_at")
    tour = copier.kinds["approved tour"].approval.title
    whole = latest.filter(title=tour, status=Status.APPROVED).first()
    drafts = list(latest.filter(requester=second, status=Status.DRAFT)[:supply])
    waiting = Step.objects.filter(assignee=its_senior, state=Step.State.OPEN, requester=second, stage="line_manager")
    to_decide = [step.approval for step in waiting.select_related("approval")[:supply]]
    # The limit decides from the other end of the same list.
    for_portal, for_limit = to_decide[: len(to_decide) // 2], to_decide[len(to_decide) // 2 :]
    limit_posts = [["POST", f"/decide/{one.reference}/", {"csrfmiddlewaretoken": TOKEN, "comment": "Yes"}]
                   for one in for_limit]  # fmt: skip
    new = ["POST", "/submit/", {"csrfmiddlewaretoken": TOKEN, "title": "Kenya"}]
    yes = {"decision": "approve", "need_equipment": "yes", "need_services": "yes", "note": "Agreed."}
    return {
        "requests": Approval.objects.count(),
        "steps": Step.objects.count(),
        "seconds": round(time.monotonic() - begun),
        "pages": {
            "the door": get(busiest, "/search/", "/door/", "Search"),
            "home": get(busiest, "/", "/home/", "Waiting for you"),
            "list, all requests": get(security, "/travel/all/", "/every/", "All overseas travel requests"),
            "list, your trips": get(busiest, "/travel/", "/mine/", "Your trips"),
            "list, your requests": get(busiest, "/your-requests/", "/mine/", "Your requests"),
            "detail": get(security, f"/travel/{whole.reference}/", f"/detail/{whole.reference}/", "What happened"),
            "submit": post(second, drafts, "check", {"is_true": "on"}, [new]),
            "decide": post(its_senior, for_portal, "decide", yes, limit_posts),
        },
    }


if __name__ == "__main__":
    print(json.dumps(targets(int(sys.argv[1]), int(sys.argv[2]))))
