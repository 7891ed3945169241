import pytest

from tests.portal.mfa.sso.entra import OID, TENANT, Fake, running


@pytest.fixture
def entra(settings):
    """The provider, and the portal configured for it."""
    with running(Fake()) as fake:
        settings.PORTAL_SSO = fake.settings
        yield fake


@pytest.fixture
def linked(maya):
    """Maya has linked her account."""
    maya.socialaccount_set.create(
        provider="entra", uid=f"{TENANT}:{OID}", extra_data={"known_as": "maya@justice.example"}
    )
    return maya
