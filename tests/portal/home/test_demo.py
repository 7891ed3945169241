"""Everybody who tries the portal meets these people first."""

import io
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from portal.accounts.models import User
from portal.approvals.models import Approval, Status
from portal.audit.models import Event
from portal.home.management.commands.demo import CAST, DOMAIN, PASSWORD
from portal.mfa import policy
from portal.notifications.models import Message

GUIDE = (Path(settings.BASE_DIR) / "docs" / "demo.md").read_text()
pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def demo() -> str:
    output = io.StringIO()
    call_command("demo", stdout=output)
    return output.getvalue()


def counts() -> list[int]:
    return [model.objects.count() for model in (User, Approval, Event, Message)]


def test_the_guide_names_the_same_people_as_the_command():
    rows = re.findall(r"^\| (.+?) \| (.+?) \| .+? \|$", GUIDE, flags=re.MULTILINE)
    named = [name for name, _ in rows if name not in {"Name", "---"}]

    assert sorted(named) == sorted(row.name for row in CAST)
    assert f"with {len(CAST)} invented people" in GUIDE


def test_the_guide_says_where_people_work_and_which_roles_they_hold():
    demo()

    for row in CAST:
        line = next(line for line in GUIDE.splitlines() if line.startswith(f"| {row.name} |"))
        said = line.split(" | ")[1].lower()
        expected = [role.label for role in row.roles] or [User.objects.get(email=row.email).business_area.name]
        assert said == ", ".join(expected).lower()


def test_the_guide_and_the_command_say_the_password():
    said = demo()

    assert PASSWORD in said
    assert f"`{PASSWORD}`" in GUIDE


def test_everybody_is_invented_and_can_sign_in_with_password_and_app():
    demo()

    people = User.objects.filter(is_demo=True)
    assert len(people) == len(CAST) >= 16
    for user in people:
        assert user.email.endswith(f"@{DOMAIN}")
        assert user.check_password(PASSWORD)
        assert policy.factors(user)
        assert user.emailaddress_set.get().verified


def test_every_status_has_a_request_to_show():
    demo()

    assert set(Approval.objects.values_list("status", flat=True)) == set(Status.values)


def test_a_second_run_changes_nothing():
    demo()
    before = counts()

    demo()

    assert counts() == before


def test_only_the_demonstration_has_invented_people(settings):
    settings.DEMO = False

    with pytest.raises(CommandError, match="PORTAL_MODE"):
        demo()

    assert not User.objects.filter(is_demo=True).exists()
