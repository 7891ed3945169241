"""Somebody has a copy of the portal, runs one command, signs in, and stops it again."""

import os
import re
import signal
import time

import pytest

from tests.demo import Demo, copy_portal


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return copy_portal(tmp_path_factory.mktemp("demo"))


@pytest.fixture
def demo(folder):
    demo = Demo(folder)
    yield demo
    demo.clear_away()


def test_what_the_command_prints_is_enough_to_sign_in(demo, page):
    email, password = demo.says(r"Sign in as +(\S+)")[1], demo.says(r"Password +(\S+)")[1]

    page.goto(demo.address)
    page.get_by_label("Email address").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label(re.compile("code", re.IGNORECASE)).fill(demo.ask("code", email).stdout.strip())
    page.get_by_role("button", name=re.compile("Continue|Sign in")).click()

    assert page.url == demo.address
    assert page.get_by_role("link", name="Overseas travel").first.is_visible()


def test_a_start_that_cannot_work_says_what_to_do_instead(demo):
    second = demo.ask()
    production = demo.ask(PORTAL_MODE="production")
    (demo.folder / "var" / "start.lock").unlink()
    busy = demo.ask()

    assert (second.returncode, production.returncode, busy.returncode) == (1, 1, 1)
    assert f"already runs from this folder: {demo.address}" in second.stderr
    assert "deploy/README.md" in production.stderr
    assert f"PORT={demo.port + 1} ./run" in busy.stderr


@pytest.mark.parametrize("order", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "terminate"])
def test_stopping_it_leaves_nothing_behind(demo, order):
    assert len(demo.programs()) > 3

    demo.process.send_signal(order)

    assert demo.process.wait(20) == 0
    assert demo.programs() == []


def test_even_a_kill_takes_both_programs_along(demo):
    demo.process.kill()

    deadline = time.monotonic() + 20
    while demo.programs():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_worker_that_dies_is_started_again_and_the_site_stays(demo, page):
    before = demo.programs("celery")

    os.kill(before[0], signal.SIGKILL)

    demo.says("The worker stopped")
    deadline = time.monotonic() + 20
    while not (after := demo.programs("celery")) or set(after) & set(before):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert page.goto(demo.address).status == 200


def test_a_site_that_dies_ends_the_command_with_an_error_and_takes_the_worker_along(demo):
    os.kill(demo.programs("gunicorn")[0], signal.SIGKILL)

    assert demo.process.wait(20) == 1
    assert "The site stopped by itself" in demo.output.read_text()
    assert demo.programs() == []
