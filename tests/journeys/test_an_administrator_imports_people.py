"""A person reads what the portal knows of them, and an administrator imports a file, in a real browser."""

import os

import pytest

from portal.accounts.models import User
from portal.mfa.models import TOTP
from tests.factories import a_trip
from tests.portal.mfa.conftest import code_of
from tests.portal.people.administering import give_app, url
from tests.portal.people.test_imports import joins, leaves, moves, table

pytestmark = pytest.mark.django_db(transaction=True)


def fresh_code(user: User) -> str:
    TOTP.objects.filter(user=user).update(last_t=-1)
    return code_of(TOTP.objects.get(user=user))


def test_a_file_is_chosen_checked_and_carried_out_by_keyboard(page, cast, live_server, become, barriers):
    uma = give_app(cast.user_administrator)
    a_trip(cast.traveller, countries=("DE",))
    text = table(joins(), moves(cast.traveller, business_area="moj-hq", grade="SEO"), leaves(cast.manager))
    become(page, uma)
    page.goto(live_server.url + url("import"))
    assert barriers(page) == []
    shoot(page, "import")

    page.get_by_label("Which file?").set_input_files(
        {"name": "bad.csv", "mimeType": "text/csv", "buffer": b"action,email,role\nleave,x,admin\n"}
    )
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Check the file").press("Enter")
    assert "An import never gives roles" in page.inner_text("main")
    assert barriers(page) == []
    shoot(page, "import-faults")

    page.get_by_label("Which file?").set_input_files(
        {"name": "people.csv", "mimeType": "text/csv", "buffer": text.encode()}
    )
    page.get_by_role("button", name="Check the file").press("Enter")
    page.get_by_role("heading", name="Check what the file changes").wait_for()
    assert barriers(page) == []
    shoot(page, "import-plan")

    page.get_by_label("Code from your app").fill(fresh_code(uma))
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Import done").wait_for()
    assert barriers(page) == []
    shoot(page, "imported")
    assert User.objects.filter(full_name="Jo Newman").exists()


@pytest.mark.parametrize("name", ["me", "my-phone", "my-manager", "about"])
def test_ones_own_account_has_no_barriers(page, cast, live_server, become, barriers, name):
    a_trip(cast.traveller, countries=("DE",))
    become(page, give_app(cast.traveller))

    page.goto(live_server.url + url(name))

    assert barriers(page) == []
    shoot(page, name)


def shoot(page, name: str) -> None:
    if folder := os.environ.get("SHOOT"):
        for width in (1280, 375):
            page.set_viewport_size({"width": width, "height": 900})
            page.screenshot(path=f"{folder}/{name}-{width}.png", full_page=True)
