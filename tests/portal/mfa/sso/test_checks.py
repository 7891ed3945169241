"""The portal does not start with half a single sign-on, or with somebody else's."""

import pytest

from portal.mfa.checks import single_sign_on
from tests.portal.mfa.sso.entra import Fake

WHOLE = Fake(base="https://login.example").settings


def found(settings, **changes) -> list[str]:
    settings.PORTAL_SSO = {**WHOLE, **changes}
    return [error.id for error in single_sign_on(None)]


def test_all_or_none_is_right(settings):
    settings.DEMO = False

    assert found(settings) == []
    assert found(settings, **dict.fromkeys(WHOLE, "")) == []


@pytest.mark.parametrize("missing", WHOLE)
def test_half_a_configuration_is_found(settings, missing):
    settings.PORTAL_SSO = {**WHOLE, missing: ""}
    errors = single_sign_on(None)

    assert "door.E010" in [error.id for error in errors]
    assert f"PORTAL_SSO_{missing.upper()}" in errors[0].hint


@pytest.mark.parametrize("issuer", ["http://login.example/t", "login.example/t", "javascript:x", "ftp://login.example"])
def test_in_production_the_issuer_is_https(settings, issuer):
    settings.DEMO = False

    assert found(settings, issuer=issuer) == ["door.E010"]


def test_the_demo_may_try_it_on_this_machine(settings):
    assert found(settings, issuer="http://127.0.0.1:9000/t") == []


@pytest.mark.parametrize("app", ["dummy", "openid_connect", "microsoft"])
def test_a_packaged_provider_is_found(settings, app):
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, f"allauth.socialaccount.providers.{app}"]

    assert found(settings) == ["door.E010"]
