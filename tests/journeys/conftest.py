"""What journeys share: Debian's Chromium, and a page that may not complain.

Playwright's own browsers cannot be downloaded everywhere, so the packaged one is driven.
"""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client

from tests.chromium import CHROMIUM, FLAGS
from tests.people import sign_in

STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What axe finds in govuk-frontend itself, known and kept by its makers, and in nothing of ours:
# rule → the only element on which it is passed over.
KNOWN = {
    "aria-allowed-attr": ".govuk-radios__input[aria-expanded]",  # alphagov/govuk-frontend#979, w3c/aria#1404
    "region": ".govuk-back-link",  # The page template puts the back link before the main part.
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(scope="session", autouse=True)
def database_beside_a_browser():
    """Let Django use the database while Playwright's event loop runs in the same thread; without it nothing starts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": FLAGS}


@pytest.fixture
def context(context):
    """A browser session that fails its test when a page logs an error: a refused script or style shows nowhere else."""
    context.set_default_timeout(10_000)
    complaints = []

    def hear(message) -> None:
        # A page that is refused, or missing, is also logged; journeys look at the page itself for that.
        if message.type == "error" and "Failed to load resource" not in message.text:
            complaints.append(f"{message.page.url if message.page else ''}: {message.text}")

    context.on("console", hear)
    context.on("weberror", lambda error: complaints.append(str(error.error)))

    yield context

    assert not complaints


@pytest.fixture(scope="session")
def barriers():
    """Return a function that lists what on a page keeps people out, as axe sees it: empty is what a test wants."""
    axe = Axe()

    def find(page) -> list[str]:
        found = axe.run(page, options={"runOnly": STANDARD, "resultTypes": ["violations"]}).response["violations"]
        return [
            f"{rule['id']} ({rule['help']}): {node['html']}"
            for rule in found
            for node in rule["nodes"]
            if not (
                rule["id"] in KNOWN
                and page.locator(node["target"][0]).first.evaluate("(e, s) => e.matches(s)", KNOWN[rule["id"]])
            )
        ]

    return find


@pytest.fixture
def become(live_server):
    """Return a function that makes a browser's session that of a person, as the door would have made it."""

    def change(page, user) -> None:
        name = settings.SESSION_COOKIE_NAME
        value = sign_in(Client(), user).cookies[name].value
        page.context.add_cookies([{"name": name, "value": value, "url": live_server.url}])
        page.goto(live_server.url)

    return change
