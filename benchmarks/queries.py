"""How many queries does each request make, the second time?

Reads targets as JSON and prints the same names with two numbers each: queries and bytes.  It runs inside the settings
of the portal or of the limit, whichever DJANGO_SETTINGS_MODULE names.  What only begins or ends a transaction is not
counted.
"""

import json
import sys
from urllib.parse import urlencode

import django

django.setup()

from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

TRANSACTIONS = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
HEADERS = {"host": "portal.example", "referer": "https://portal.example/", "x-forwarded-proto": "https"}


def ask(target: dict, number: int) -> tuple[int, int, list[str]]:
    """Send one of a target's requests; return its queries, its bytes and the queries themselves."""
    requests = target["requests"]
    method, path, data = requests[min(number, len(requests) - 1)]
    client = Client(enforce_csrf_checks=True, headers=HEADERS | {"cookie": target["cookie"]})
    with CaptureQueriesContext(connection) as captured:
        response = client.generic(method, path, urlencode(data), content_type="application/x-www-form-urlencoded")
    assert response.status_code == target["status"], f"{path}: {response.status_code} {response.content[:2000]!r}"
    assert target["expect"].encode() in response.content, f"{path} does not say “{target['expect']}”."
    asked = [query["sql"] for query in captured if not query["sql"].startswith(TRANSACTIONS)]
    return len(asked), len(response.content), asked


if __name__ == "__main__":
    counts = {}
    for name, target in json.load(sys.stdin).items():
        ask(target, 0)
        number, size, asked = ask(target, 1)
        counts[name] = (number, size)
        if "--show" in sys.argv:
            print(name, *asked, sep="\n    ", file=sys.stderr)
    print(json.dumps(counts))
