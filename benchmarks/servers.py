"""Starts gunicorn, sends it requests, and reads from the clocks of its processes what they cost."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path
from typing import Any

import psycopg2

ROOT = Path(__file__).resolve().parent.parent
HEADERS = {"Host": "portal.example", "Referer": "https://portal.example/", "X-Forwarded-Proto": "https"}
START_WITHIN = 60  # seconds


def cpu_of(pid: int) -> float:
    """Return the milliseconds of CPU that a process has used, all its threads included, by its own clock."""
    try:
        return time.clock_gettime_ns((~pid << 3) | 2) / 1e6  # How Linux numbers the CPU clock of another process.
    except OSError:
        return 0.0  # It has ended, or belongs to another machine.


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def machine() -> float:
    """Return the milliseconds of CPU that the whole machine has used."""
    first = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    user, nice, system, _idle, _wait, irq, softirq, *_ = (int(number) for number in first)
    return (user + nice + system + irq + softirq) * 1000 / os.sysconf("SC_CLK_TCK")


class Server:
    """One gunicorn over one database; ``name`` is portal or limit."""

    def __init__(self, name: str, database: str, static: str) -> None:
        self.name, self.database = name, database
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        settings = "benchmarks.settings" if name == "portal" else "benchmarks.limit.settings"
        app = "portal.wsgi:application" if name == "portal" else "benchmarks.limit.wsgi:application"
        self.environment = os.environ | {
            "DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": settings, "BENCHMARKS_STATIC": static,
        }  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "--bind",
             f"127.0.0.1:{self.port}", "--workers", "2", "--max-requests", "0", "--log-level", "error", app],
            cwd=ROOT, env=self.environment, start_new_session=True,
        )  # fmt: skip

    def wait(self) -> None:
        """Return when it answers."""
        end = time.monotonic() + START_WITHIN
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.2)
        raise RuntimeError(f"The {self.name} did not start.")

    def stop(self) -> None:
        """End this server and its workers, and nothing else."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def backends(self) -> list[int]:
        """The PostgreSQL processes that serve this server."""
        with (
            psycopg2.connect(self.database, application_name="benchmarks") as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s",
                [self.name],
            )
            found = [pid for (pid,) in cursor.fetchall()]
        connection.close()
        return found

    def cpu(self) -> tuple[float, dict[int, float]]:
        """What gunicorn's processes have used, and what each of their PostgreSQL processes has."""
        app = cpu_of(self.process.pid) + sum(cpu_of(child) for child in children_of(self.process.pid))
        return app, {pid: cpu_of(pid) for pid in self.backends()}

    def ask(self, method: str, path: str, data: dict[str, str], cookie: str) -> tuple[int, bytes]:
        """Send one request over a connection of its own, as an ingress without keep-alive would."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = HEADERS | {"Cookie": cookie}
        body = None
        if method == "POST":
            body = urllib.parse.urlencode(data)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


class Target:
    """One page of one server; a form has a supply of requests, each of which can be sent once."""

    def __init__(self, server: Server, name: str, spec: dict[str, Any]) -> None:
        self.server, self.name, self.spec, self.sent = server, name, spec, 0
        self.rounds: list[dict[str, float]] = []

    @property
    def left(self) -> int:
        """How many more requests there are."""
        requests = self.spec["requests"]
        return len(requests) - self.sent if len(requests) > 1 else 1_000_000

    def ask(self) -> None:
        requests = self.spec["requests"]
        method, path, data = requests[self.sent if len(requests) > 1 else 0]
        self.sent += 1
        status, body = self.server.ask(method, path, data, self.spec["cookie"])
        assert status == self.spec["status"], f"{self.server.name} {path}: {status} {body[:1000]!r}"
        assert self.spec["expect"].encode() in body, f"{path} does not say “{self.spec['expect']}”."

    def warm(self, times: int) -> None:
        for _ in range(min(times, self.left)):
            self.ask()

    def measure(self, seconds: float, most: int) -> None:
        """Ask for this long, one request after the other, and note what one cost."""
        app, backends = self.server.cpu()
        everything, asked, begun = machine(), 0, time.monotonic()
        while asked < 3 or (time.monotonic() - begun < seconds and asked < most):
            if not self.left:
                break
            self.ask()
            asked += 1
        took = time.monotonic() - begun
        app_after, backends_after = self.server.cpu()
        if not asked:
            raise RuntimeError(f"{self.name}: there was nothing left to send. Ask for a bigger supply.")
        in_app = app_after - app
        in_database = sum(after - backends.get(pid, after) for pid, after in backends_after.items())
        others = machine() - everything - in_app - in_database
        self.rounds.append(
            {
                "app": in_app / asked, "database": in_database / asked, "cpu": (in_app + in_database) / asked,
                "ms": took * 1000 / asked, "asked": asked, "others": others / 1000 / took,
            }
        )  # fmt: skip
