"""What does the portal look like?  ``make screenshot`` makes docs/screenshot.png from a demo of its own."""

import re
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.chromium import CHROMIUM, FLAGS
from tests.demo import Demo, copy_portal

PICTURE = Path(__file__).parent / "screenshot.png"
TRIP = "Germany"  # Of the person that ./run proposes: in review, with some steps decided.


def sign_in(demo: Demo, page: Page) -> None:
    email, password = demo.says(r"Sign in as +(\S+)")[1], demo.says(r"Password +(\S+)")[1]
    page.goto(demo.address)
    page.get_by_label("Email address").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label(re.compile("code", re.IGNORECASE)).fill(demo.ask("code", email).stdout.strip())
    page.get_by_role("button", name="Continue").click()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        demo = Demo(copy_portal(Path(folder)))
        try:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = browser.new_page(viewport={"width": 1180, "height": 1000})
            sign_in(demo, page)
            page.get_by_role("link", name=re.compile(TRIP)).first.click()
            page.screenshot(path=PICTURE)
            browser.close()
        finally:
            demo.clear_away()


if __name__ == "__main__":
    main()
