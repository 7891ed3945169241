"""Rules that hold for the whole house: one test each."""

import io
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import models
from django.urls import get_resolver

from tests.matrix import DOOR, MATRIX, PUBLIC

OURS = ("portal", "travel", "tools", "clearance", "incidents")


def routes(resolver=None, prefix="", namespace=""):
    """Yield (name, path) of every route but those of the read-only admin site, which has its own tests."""
    for pattern in (resolver or get_resolver()).url_patterns:
        path = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            if pattern.namespace != "admin":
                yield from routes(pattern, path, f"{pattern.namespace}:" if pattern.namespace else namespace)
        else:
            yield f"{namespace}{pattern.name}", path


ROUTES = dict(routes())
SAMPLES = {
    "section": "purpose",
    "stage": "line_manager",
    "reference": "TRV-222222",
    "uidb36": "1",
    "number": "1",
    "person": "1",
    "key": "x-y",
}


def sample(path: str) -> str:
    path = re.sub(r"\(\?P<(\w+)>[^)]*\)", lambda found: SAMPLES[found[1]], path)
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: SAMPLES[found[1]], path).replace("^", "").replace("$", "")


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(ROUTES.keys() - PUBLIC - DOOR))
@pytest.mark.parametrize("method", ["get", "post", "put", "delete", "options", "head"])
def test_a_stranger_is_sent_to_sign_in(client, name, method):
    response = getattr(client, method)(sample(ROUTES[name]))

    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(ROUTES.keys() - PUBLIC - DOOR))
def test_a_session_without_a_second_factor_opens_nothing(client, cast, name):
    client.force_login(cast.security, backend=settings.AUTHENTICATION_BACKENDS[0])

    response = client.get(sample(ROUTES[name]))

    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


def test_every_route_is_in_the_matrix_or_named_as_public_or_the_door():
    assert {route for route, _, _ in MATRIX} | PUBLIC | DOOR == ROUTES.keys()


@pytest.mark.parametrize("path", [path for name, path in ROUTES.items() if not name.startswith("account_")])
def test_paths_are_lower_kebab_case_end_in_a_slash_and_name_their_types(path):
    assert re.fullmatch(r"(([a-z0-9-]+|<[a-z]+:[a-z_]+>)/)*", path)


def our_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if model.__module__.startswith(OURS) and not model._meta.proxy]


def test_every_pair_of_who_and_when_is_constrained_or_cannot_be_half():
    """``x_at`` beside ``x_by``: both or neither, by the database."""
    for model in our_models():
        fields = {field.name: field for field in model._meta.fields}
        for name in fields:
            if name.endswith("_by") and f"{name[:-3]}_at" in fields:
                pair = fields[name], fields[f"{name[:-3]}_at"]
                conditions = " ".join(str(constraint) for constraint in model._meta.constraints)
                assert all(not field.null for field in pair) or all(field.name in conditions for field in pair), (
                    model,
                    name,
                )


def test_every_model_says_what_it_is_called():
    for model in our_models():
        assert model.__str__ is not models.Model.__str__, model


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", check=True, dry_run=True, stdout=io.StringIO())


def test_the_state_diagrams_are_up_to_date():
    call_command("state_diagrams", check=True)


@pytest.mark.django_db
def test_loading_the_reference_data_again_changes_nothing():
    def counts():
        return {model._meta.label: model._default_manager.count() for model in our_models()}

    before = counts()

    call_command("reference_data")

    assert counts() == before


def test_every_template_is_used():
    """Each template is named by code, a setting or another template."""
    root = settings.BASE_DIR
    sources = [
        path.read_text()
        for folder in (*OURS, "templates")
        for path in Path(root / folder).rglob("*")
        if path.suffix in {".py", ".html", ".txt"}
    ]
    text = "\n".join(sources)
    named_by_others = ("govuk/", "account/", "django/", "emails/", "400", "403", "404", "429", "500", "503")
    for path in (root / "templates").rglob("*.html"):
        name = path.relative_to(root / "templates").as_posix()
        assert name.startswith(named_by_others) or name in text, name


def test_a_person_is_locked_without_their_key():
    """With it, whatever refers to the person meanwhile would wait, and the database would end one of two requests."""
    with_key = re.compile(r"\bUser\s*\.objects\b(?:[^\n]|\n\s*\.)*?\.select_for_update\((?![^)]*no_key=True)")

    for folder in OURS:
        for path in (settings.BASE_DIR / folder).rglob("*.py"):
            assert not with_key.search(path.read_text()), path


def test_no_view_catches_everything_and_no_low_floor_writes_a_status():
    for folder in OURS:
        for path in (settings.BASE_DIR / folder).rglob("*.py"):
            text = path.read_text()
            if path.name == "views.py" or path.parent.name == "views":
                assert "except Exception" not in text, path
            if path.name != "lifecycle.py" and "tests" not in path.parts:
                assert not re.search(r"approval\.status\s*=[^=]", text), path
