"""Start everything a delivery needs, kill parts of it at random, and count what arrived."""

# ruff: noqa: S311  The dice are no secret.

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2
from django.conf import settings

ROOT = settings.BASE_DIR
PATIENCE = 150  # seconds to deliver what is left, after the last fault


def free_port() -> int:
    """A port below those that outgoing connections take: one of these could hold it when Redis comes back."""
    while True:
        with socket.socket() as one, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", random.randrange(20_000, 32_000)))
            return one.getsockname()[1]


def children_of(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


@dataclass
class Outcome:
    """What the provider, the database and the people say, side by side."""

    owed: set[str]
    states: Counter
    accepted: Counter
    told_but_not_there: int
    kills: Counter
    seconds_to_drain: float
    versions_told: int

    @property
    def lost(self) -> set[str]:
        return self.owed - set(self.accepted)

    @property
    def doubled(self) -> int:
        return sum(times - 1 for times in self.accepted.values())

    @property
    def phantom(self) -> set[str]:
        return set(self.accepted) - self.owed


@dataclass
class Arena:
    """One portal in processes of its own, in ``folder``, on the database at ``url``."""

    folder: Path
    url: str
    seed: int
    pause: float = 0.1  # seconds, on average, between two deeds of a web process
    webs: int = 2
    processes: dict[str, subprocess.Popen] = field(default_factory=dict)
    kills: Counter = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.redis_port, self.provider_port = free_port(), free_port()
        self.accepted_log, self.told_log = self.folder / "accepted.jsonl", self.folder / "told.txt"
        for log in (self.accepted_log, self.told_log):
            log.touch()
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "PORTAL_MODE": "demo",
            "DATABASE_URL": self.url,
            "CELERY_BROKER_URL": f"redis://127.0.0.1:{self.redis_port}/0",
            "PORTAL_MAIL_TRANSPORT": "tests.chaos.provider.LyingProvider",
            "PORTAL_CHAOS_PROVIDER": f"http://127.0.0.1:{self.provider_port}",
            "LOG_LEVEL": "WARNING",
        }
        self.environment.pop("CACHE_URL", None)
        self.commands = {
            "provider": [sys.executable, "-m", "tests.chaos.provider", str(self.provider_port), str(self.accepted_log)],
            "redis": [
                *("redis-server", "--port", str(self.redis_port), "--bind", "127.0.0.1", "--dir", str(self.folder)),
                *("--save", "", "--appendonly", "no"),
            ],
            "worker": [
                *(sys.executable, "-m", "celery", "-A", "tests.chaos.app", "worker", "--concurrency", "3"),
                *("--loglevel", "WARNING", "--without-gossip", "--without-mingle", "-n", f"chaos-{os.getpid()}@here"),
            ],
            "beat": [
                *(sys.executable, "-m", "celery", "-A", "tests.chaos.app", "beat", "--loglevel", "WARNING"),
                *("--schedule", str(self.folder / "beat"), "--pidfile="),
            ],
        }
        for number in range(self.webs):
            self.commands[f"web {number}"] = [
                sys.executable,
                "-m",
                "tests.chaos.web",
                str(self.told_log),
                str(self.pause),
            ]

    # Processes --------------------------------------------------------------------------------------------------------

    def run(self, *arguments: str) -> None:
        """Run one of our programs to its end."""
        with open(self.folder / "output", "a") as output:
            subprocess.run(
                [sys.executable, *arguments], cwd=ROOT, env=self.environment, stdout=output, stderr=output, check=True
            )

    def start(self, name: str) -> None:
        command = self.commands[name]
        if name.startswith("web"):
            command = [*command, str(self.chance.random())]
        with open(self.folder / "output", "a") as output:
            self.processes[name] = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=output, stderr=output, start_new_session=True
            )

    def kill(self, name: str) -> None:
        """End a process, and all that it started, at once and without a word."""
        process = self.processes[name]
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def fault(self) -> None:
        """Kill something at random, and start it again as a supervisor would."""
        what = self.chance.choice(["worker", "worker", "child", "child", "beat", "redis", "redis", "web"])
        if what == "child":
            children = children_of(self.processes["worker"].pid)
            if not children:  # It has not got that far yet.
                return
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.chance.choice(children), signal.SIGKILL)
        else:
            name = f"web {self.chance.randrange(self.webs)}" if what == "web" else what
            self.kill(name)
            if what == "redis":
                time.sleep(self.chance.uniform(0.1, 1))
            self.start(name)
        self.kills[what] += 1

    def supervise(self) -> None:
        for name, process in self.processes.items():
            if process.poll() is not None:
                self.start(name)

    # The database -----------------------------------------------------------------------------------------------------

    def rows(self, sql: str) -> list[tuple]:
        if self.url.startswith("sqlite"):
            connection = sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=20)
        else:
            connection = psycopg2.connect(self.url)
        try:
            cursor = connection.cursor()
            cursor.execute(sql)
            return cursor.fetchall()
        finally:
            connection.close()

    def count(self, where: str = "1 = 1") -> int:
        return self.rows(f"SELECT count(*) FROM notifications_message WHERE {where}")[0][0]  # noqa: S608

    # The run ----------------------------------------------------------------------------------------------------------

    def rage(self, *, messages: int, kills: int, limit: float, pause: tuple[float, float] = (0.6, 2.0)) -> None:
        """Work and kill, until so much was owed and killed, or the time is over."""
        began, next_fault = time.monotonic(), time.monotonic() + 4
        while time.monotonic() - began < limit:
            time.sleep(0.1)
            self.supervise()
            if time.monotonic() >= next_fault:
                self.fault()
                next_fault = time.monotonic() + self.chance.uniform(*pause)
                if sum(self.kills.values()) >= kills and self.count() >= messages:
                    return

    def work_in_peace(self, seconds: float) -> list[float]:
        """Work on for a while without faults; return how long each message took to reach the provider."""
        for number in range(self.webs):
            self.start(f"web {number}")
        last = self.rows("SELECT coalesce(max(id), 0) FROM notifications_message")[0][0]
        time.sleep(seconds)
        self.stop_working()
        self.drain()
        moment = (
            "(julianday(created_at) - 2440587.5) * 86400"
            if self.url.startswith("sqlite")
            else "extract(epoch FROM created_at)"
        )
        born = dict(self.rows(f"SELECT dedupe_key, {moment} FROM notifications_message WHERE id > {last}"))  # noqa: S608
        arrived = {line["key"]: line["at"] for line in self.accepted_lines()}
        return sorted(arrived[key] - float(moment) for key, moment in born.items() if key in arrived)

    def stop_working(self) -> None:
        for number in range(self.webs):
            self.kill(f"web {number}")
            del self.processes[f"web {number}"]

    def drain(self) -> float:
        """Let a healthy worker deliver what is left; return how long that took."""
        began = time.monotonic()
        while time.monotonic() - began < PATIENCE and self.count("state = 'due'"):
            time.sleep(0.2)
            self.supervise()
        return time.monotonic() - began

    def accepted_lines(self) -> Iterator[dict]:
        return map(json.loads, self.accepted_log.read_text().splitlines())

    def outcome(self, seconds_to_drain: float) -> Outcome:
        versions = dict(self.rows("SELECT reference, version FROM approvals_approval"))
        # A process that is killed while it writes may leave half a line.
        lines = self.told_log.read_text().splitlines(keepends=True)
        told = [line.split() for line in lines if line.endswith("\n")]
        return Outcome(
            owed={key for (key,) in self.rows("SELECT dedupe_key FROM notifications_message")},
            states=Counter(dict(self.rows("SELECT state, count(*) FROM notifications_message GROUP BY state"))),
            accepted=Counter(line["key"] for line in self.accepted_lines()),
            told_but_not_there=sum(versions.get(reference, 0) < int(version) for reference, version in told),
            versions_told=len(told),
            kills=self.kills,
            seconds_to_drain=seconds_to_drain,
        )


@contextlib.contextmanager
def arena(folder: Path, url: str, *, seed: int, **more: float) -> Iterator[Arena]:
    """Set everything up, and leave nothing running."""
    made = Arena(folder, url, seed, **more)
    try:
        made.run("manage.py", "migrate", "--verbosity", "0")
        made.run("manage.py", "reference_data")
        made.run("-m", "tests.chaos.web", "people")
        for name in made.commands:
            made.start(name)
        yield made
    finally:
        for name in list(made.processes):
            made.kill(name)


@contextlib.contextmanager
def database(server: dict, name: str) -> Iterator[str]:
    """A database of our own on the server of these settings of Django, gone afterwards."""
    user, password, address = server["USER"], server["PASSWORD"], f"{server['HOST']}:{server['PORT']}"
    admin = psycopg2.connect(f"postgres://{user}:{password}@{address}/postgres")
    admin.autocommit = True
    try:
        with admin.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
            try:
                yield f"postgres://{user}:{password}@{address}/{name}"
            finally:
                cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        admin.close()


def has_redis() -> bool:
    return shutil.which("redis-server") is not None
