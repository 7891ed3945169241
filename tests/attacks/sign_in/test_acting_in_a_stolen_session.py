"""Somebody sits at a session that another person opened."""

import time

import pytest

from tests.portal.mfa.conftest import PASSWORD, Visitor, actions_of
from tests.portal.mfa.pages import change_password

pytestmark = pytest.mark.django_db


def test_the_thief_of_a_fresh_session_cannot_change_the_password(visitor, maya, app, clock):
    """S32: not with the password alone, not with a code that was used, not with a code alone."""
    visitor.sign_in(maya)

    without = change_password(visitor, app, **{"proof-code": ""})
    used = change_password(visitor, app)
    clock.forward(seconds=31)
    alone = change_password(visitor, app, old="")

    assert "Enter the code from your app" in without.content.decode()
    assert "The code is wrong, or was used before" in used.content.decode()
    assert "Enter your current password" in alone.content.decode()
    maya.refresh_from_db()
    assert maya.check_password(PASSWORD)
    assert "door.password_changed" not in actions_of(maya)


def test_guessing_the_current_password_in_a_stolen_session_is_counted_and_recorded(visitor, maya, app, clock):
    """S32: five in five minutes, the guesses at the sign-in page included; then not even the right one is heard."""
    visitor.sign_in(maya)
    clock.forward(seconds=31)

    pages = [change_password(visitor, app, old=f"wrong guess {number}").content.decode() for number in range(6)]

    assert all("The current password is wrong" in page for page in pages[:5])
    assert "There were too many wrong passwords. Wait 5 minutes" in pages[5]
    assert "too many wrong passwords" in change_password(visitor, app).content.decode()
    assert "too many wrong passwords" in Visitor().give_password(maya).content.decode()
    assert actions_of(maya).count("door.password_failed") == 5
    assert actions_of(maya).count("door.passwords_paused") == 3
    clock.forward(minutes=5, seconds=1)
    assert change_password(visitor, app)["Location"] == "/mfa/security/"


@pytest.mark.parametrize("stamp", ["signed_in_at", "seen_at"])
@pytest.mark.parametrize("value", [None, "future"])
def test_a_session_without_a_credible_start_ends(visitor, maya, clock, stamp, value):
    """S35, S58: made some other way, or stamped by a clock that was set back."""
    visitor.sign_in(maya)
    session = visitor.client.session
    session.pop(stamp)
    if value:
        session[stamp] = time.time() + 3600
    session.save()

    assert visitor.get("/mfa/security/").status_code == 302
