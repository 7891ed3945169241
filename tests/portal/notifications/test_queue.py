"""The queue is a hint: it may be gone, or hang, and nobody notices; and with a real one, things go faster."""

import os
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.db import connection

from portal.notifications import delivery, outbox, queue
from portal.notifications.models import Message
from tests.people import person

NUDGE_TWICE = """
import django, time
django.setup()
from portal.notifications import queue
for _ in range(2):
    began = time.monotonic()
    queue.nudge()
    print(time.monotonic() - began)
"""
WORK = """
import sys
from django.conf import settings
settings.PORTAL_MAIL_DIR, settings.PORTAL_MAIL_TRANSPORT = sys.argv[1], "file"
from portal.celery import app
app.worker_main(["worker", "--pool", "solo", "--loglevel", "info", "--queues", sys.argv[2], "--without-gossip"])
"""


def environment(**more: str) -> dict[str, str]:
    return os.environ | {"DJANGO_SETTINGS_MODULE": "portal.settings", "PYTHONUNBUFFERED": "1", **more}


def seconds_of_two_nudges(broker: str) -> list[float]:
    """Nudge twice through this broker, in a process of its own, and return how long each took."""
    done = subprocess.run(
        [sys.executable, "-c", NUDGE_TWICE],
        cwd=settings.BASE_DIR,
        env=environment(CELERY_BROKER_URL=broker, LOG_LEVEL="CRITICAL"),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return [float(line) for line in done.stdout.splitlines()]


@pytest.mark.slow
def test_a_broker_that_never_answers_costs_about_a_second_and_then_nothing():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        first, second = seconds_of_two_nudges(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")

    assert first < 2.5
    assert second < 0.05


@pytest.mark.slow
def test_a_broker_that_is_gone_costs_next_to_nothing():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    first, second = seconds_of_two_nudges(f"redis://127.0.0.1:{port}/0")

    assert first < 1.5
    assert second < 0.05


def owe(*people) -> None:
    outbox.enqueue(recipients=people, template="request-approved", key="k", link="/travel/TRV-8F4K2M/", reference="T")


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_workers_who_claim_at_once_never_get_the_same_message():
    owe(*[person(f"Person {number}") for number in range(60)])
    together = threading.Barrier(4)

    def claim(_) -> list[int]:
        try:
            together.wait()
            return [message.pk for _ in range(5) for message in delivery.claim(3)[1]]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as workers:
        claimed = [pk for found in workers.map(claim, range(4)) for pk in found]

    assert len(claimed) == len(set(claimed)) == 60


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_real_worker_delivers_as_soon_as_it_is_told(tmp_path):
    broker = settings.CELERY_BROKER_URL
    if not broker.startswith("redis"):
        pytest.skip("needs Redis: set CELERY_BROKER_URL, or run ./test")
    from portal.celery import app

    database, own_queue = connection.settings_dict, f"test-{os.getpid()}"
    url = (
        f"postgres://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", WORK, str(tmp_path), own_queue],
        cwd=settings.BASE_DIR,
        env=environment(DATABASE_URL=url, CELERY_BROKER_URL=broker),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    patience = threading.Timer(60, worker.kill)
    patience.start()
    default = app.conf.task_default_queue
    try:
        app.conf.task_default_queue = own_queue
        owe(person("Tess Traveller"))

        said = []
        for line in worker.stdout:
            said.append(line)
            if "ready." in line:
                queue.nudge()
            if "succeeded" in line or "ERROR" in line:
                break

        assert Message.objects.get().state == Message.State.SENT, "".join(said)
        assert len(list(tmp_path.glob("*.eml"))) == 1
    finally:
        app.conf.task_default_queue = default
        patience.cancel()
        worker.kill()
        worker.wait()
        worker.stdout.close()
