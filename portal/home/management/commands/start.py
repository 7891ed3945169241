"""How does one command run the portal on this machine?  Prepare the database, then run the site and its worker.

The site is gunicorn and the worker is Celery with its schedule, both real and both ours to stop.  The worker may die:
nothing is lost, since messages wait in their table, so it is started again.  The site may not: without it there is
nothing to use, so its end is the end of the command.
"""

import contextlib
import ctypes
import fcntl
import http.client
import io
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command

GRACE = 15  # seconds that a program gets to end what it is doing
STEADY = 60  # seconds after which a worker counts as healthy
PATIENCE = 30  # seconds: the longest wait before a worker that keeps dying is tried again
SITE = "gunicorn --config deploy/gunicorn.conf.py --log-level warning --bind"
WORKER = (
    "celery --quiet --skip-checks -A portal worker --beat --schedule var/celerybeat --pool threads --concurrency 2 "
    "--loglevel warning --without-gossip --without-mingle --without-heartbeat"
)
# A bare machine often has root only. The warning is right, and no news to whoever tries a demo there.
QUIET = "ignore:You're running the worker with superuser privileges"
REAL = "deploy/README.md says how to run the portal for real."


def end_with_parent() -> None:
    """Ask Linux to stop this child when its parent dies, even by a kill that the parent could not catch."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # 1 is PR_SET_PDEATHSIG


class Program:
    """One of the two programs, with all processes that it starts itself."""

    def __init__(self, *command: str, env: dict[str, str]) -> None:
        self.command = [str(Path(sys.executable).parent / command[0]), *command[1:]]
        self.env = env
        self.start()

    def start(self) -> None:
        # A group of its own: Ctrl-C in a terminal reaches this command alone, which then stops each program once.
        self.process = subprocess.Popen(
            self.command, env=self.env, cwd=settings.BASE_DIR, start_new_session=True, preexec_fn=end_with_parent
        )
        self.started = time.monotonic()

    def signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()

    def finish(self) -> None:
        """Wait for the end, then clear away whatever the program left behind in its group."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(GRACE)
        self.signal(signal.SIGKILL)
        self.process.wait()


class Command(BaseCommand):
    help = "Runs the demo: prepares the database, then the site and its worker until Ctrl-C."

    def add_arguments(self, parser) -> None:
        bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"
        parser.add_argument("--bind", default=bind, help="address and port (default: %(default)s)")

    def handle(self, *, bind: str, **options) -> None:
        if not settings.DEMO:
            raise CommandError(f"This starts a demo, and its passwords are public. {REAL}")
        host, port = self.address(bind)
        shown = host if host not in {"0.0.0.0", "::"} else "127.0.0.1"  # noqa: S104
        self.url = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/"
        self.connect_to = (shown, port)
        with self.only_one():
            self.refuse_a_busy_port(host, port)
            try:
                people = self.prepare()
            except KeyboardInterrupt:
                raise SystemExit(130) from None
            if shown != host:
                self.stderr.write("Everybody on this network can reach the demo, and its passwords are public.")
            self.run(bind, people)

    @staticmethod
    def address(bind: str) -> tuple[str, int]:
        host, _, port = bind.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise CommandError(f"{bind} is not an address and a port, such as 127.0.0.1:8000.")
        return host.strip("[]"), int(port)

    @contextlib.contextmanager
    def only_one(self):
        """Refuse a second start from the same folder: both would run the schedule on the same queue."""
        with (settings.VAR_DIR / "start.lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise CommandError(
                    f"The portal already runs from this folder: {lock.read()}. Stop it there first."
                ) from None
            lock.truncate(0)
            lock.write(f"{self.url}, process {os.getpid()}")
            lock.flush()
            yield

    @staticmethod
    def refuse_a_busy_port(host: str, port: int) -> None:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise CommandError(
                    f"Cannot listen on port {port} of {host}: {error.strerror}. Try another port: PORT={port + 1} ./run"
                ) from None

    def prepare(self) -> str:
        """Bring database and demo people up to date and return what the demo says about its people."""
        call_command("migrate", verbosity=0, interactive=False)
        call_command("reference_data", verbosity=0, stdout=io.StringIO())
        people = io.StringIO()
        call_command("demo", stdout=people)
        # The demo serves static files from the tree, but Whitenoise warns when the collected ones have no folder.
        settings.STATIC_ROOT.mkdir(exist_ok=True)
        return people.getvalue()

    def run(self, bind: str, people: str) -> None:
        env = {
            "PORTAL_URL": self.url,
            "PYTHONWARNINGS": QUIET,
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            **os.environ,
        }
        self.stopping = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.ask_to_stop)
        site, worker = Program(*SITE.split(), bind, env=env), Program(*WORKER.split(), env=env)
        try:
            self.watch(site, worker, people)
        finally:
            self.stdout.write("\nStopping ...")
            self.stdout.flush()
            for program in (site, worker):
                program.stop()
            for program in (site, worker):
                program.finish()
        self.stdout.write("Stopped.")

    def ask_to_stop(self, *_) -> None:
        self.stopping = True

    def watch(self, site: Program, worker: Program, people: str) -> None:
        announced, deaths, due = False, 0, None
        while not self.stopping:
            if (code := site.process.poll()) is not None:
                raise CommandError(f"The site stopped by itself ({code}). The lines above say why.", returncode=1)
            if not announced and self.site_answers():
                self.announce(people)
                announced = True
            if worker.process.poll() is not None and due is None:
                worker.finish()
                deaths = 1 if time.monotonic() - worker.started > STEADY else deaths + 1
                wait = min(2 ** (deaths - 1), PATIENCE)
                due = time.monotonic() + wait
                self.stderr.write(f"The worker stopped ({worker.process.returncode}). It starts again in {wait} s.")
            elif due is not None and time.monotonic() >= due:
                worker.start()
                due = None
            time.sleep(0.1)

    def site_answers(self) -> bool:
        connection = http.client.HTTPConnection(*self.connect_to, timeout=1)
        try:
            connection.request("GET", "/healthz/")
            return connection.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def announce(self, people: str) -> None:
        self.stdout.write(
            f"\n{people.strip()}\n\n"
            f"Open             {self.url}\n"
            f"Sign-in codes    ./run code EMAIL\n"
            f"E-mails          {settings.PORTAL_MAIL_DIR.relative_to(settings.BASE_DIR)}/\n"
            f"Stop             Ctrl-C\n"
        )
        self.stdout.flush()
