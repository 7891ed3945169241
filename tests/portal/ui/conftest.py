import pytest


@pytest.fixture(autouse=True)
def addresses_of_our_own(settings):
    settings.ROOT_URLCONF = "tests.portal.ui.urls"
    settings.PORTAL_NAVIGATION = [("Home", "home:index"), ("Overseas travel", "travel:index")]
