"""A provider of e-mail that lies, and the transport that speaks to it.

Run as a program it is the provider: it accepts, is busy, or accepts and then says that it failed, or says nothing.
What it accepted is in its log before it answers: that log is the truth that the portal is held to.
"""

# ruff: noqa: S310, S311  The address is our own, and the dice are no secret.

import json
import os
import random
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError, URLError
from urllib.parse import quote, unquote
from urllib.request import Request, urlopen

from portal.notifications.transports import Email, Unavailable

TIMEOUT = 2  # seconds
BUSY, FAILS_AFTERWARDS, HANGS_UP_AFTERWARDS, SAYS_NOTHING = 0.02, 0.015, 0.015, 0.002  # of all e-mails


class LyingProvider:
    """The transport: what is certain to have failed is ``Unavailable``, anything else may have been accepted."""

    def __init__(self) -> None:
        self.address = os.environ["PORTAL_CHAOS_PROVIDER"]

    def find(self, key: str) -> str | None:
        return self.ask(f"{self.address}/{quote(key, safe='')}")

    def send(self, email: Email) -> str:
        body = json.dumps({"key": email.key, "to": email.to, "subject": email.subject}).encode()
        return self.ask(Request(self.address, data=body))

    def ask(self, request: Request | str) -> str | None:
        try:
            with urlopen(request, timeout=TIMEOUT) as answer:
                return json.load(answer)["id"]
        except HTTPError as error:
            if error.code == 503:
                raise Unavailable from error
            raise
        except URLError as error:
            if isinstance(error.reason, ConnectionRefusedError):
                raise Unavailable from error
            raise


class Provider(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    accepted: dict[str, str] = {}
    chance = random.Random(7)
    one_at_a_time = threading.Lock()

    def do_GET(self) -> None:
        self.answer(200, self.accepted.get(unquote(self.path[1:])))

    def do_POST(self) -> None:
        email = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        dice = self.chance.random()
        time.sleep(self.chance.uniform(0.002, 0.02))
        if (dice := dice - BUSY) < 0:
            return self.answer(503)
        number = str(uuid.uuid4())
        with self.one_at_a_time:
            self.accepted[email["key"]] = number
            self.server.log.write(json.dumps({"key": email["key"], "at": time.time()}) + "\n")
            self.server.log.flush()
        time.sleep(self.chance.uniform(0, 0.02))
        if (dice := dice - FAILS_AFTERWARDS) < 0:
            return self.answer(500)
        if (dice := dice - HANGS_UP_AFTERWARDS) < 0:
            self.close_connection = True
            return self.connection.close()
        if dice - SAYS_NOTHING < 0:
            time.sleep(TIMEOUT + 1)
        return self.answer(201, number)

    def answer(self, status: int, number: str | None = None) -> None:
        body = json.dumps({"id": number}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            self.close_connection = True  # Whoever asked was killed meanwhile, or was hung up on.

    def finish(self) -> None:
        try:
            super().finish()
        except (OSError, ValueError):
            return

    def log_message(self, *args: object) -> None:
        """Say nothing: the log of what was accepted is what counts."""


def main(port: str, log: str) -> None:
    with ThreadingHTTPServer(("127.0.0.1", int(port)), Provider) as server, open(log, "a") as server.log:
        server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
