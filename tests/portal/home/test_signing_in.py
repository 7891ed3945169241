"""The page that says how signing in works: what the guidance asks stands there, in words and in today's figures."""

import pytest

pytestmark = pytest.mark.django_db


def text_of(client) -> str:
    return " ".join(client.get("/signing-in/").content.decode().split())


def test_the_page_says_what_the_guidance_asks_of_people(client):
    page = text_of(client)

    for sentence in (
        "How strongly you sign in fits what the portal holds",
        "The MoJ Password Standard says more",
        "Every account belongs to one named person",
        "A shared account is a rare exception",
        "Do not write it down",
        "Never tell anybody your password or a code, not even your line manager or MoJ Security",
        "From the safest to the weakest, you can use:",
        "If you have no work smartphone, you may use the app on your own phone",
        "such as Google Authenticator or Microsoft Authenticator",
        "A phone or a key is something you have",
        "new organisations first, from Monday 21 March 2022, then everybody",
        "Where you are is a hint and never a proof",
        "adding that phone takes your password and your second factor",
        "The administrator of your business area may do it sooner, after asking managers and IT",
    ):
        assert sentence in page


def test_the_page_says_what_the_guidance_asks_of_administrators_and_systems(client):
    page = text_of(client)

    for sentence in (
        "Nobody shares a root login or an SSH key",
        "An account of a system belongs to one purpose and one environment",
        "no person can sign in with it",
        "A token that expires is better than a key that never changes",
        "A test copy of the portal is open only to known addresses",
        "Anybody who can see or change more than their own day’s work needs is an administrator",
        "You hold the least that your work needs",
        "Do not use an administrator’s login for everyday work",
        "Access is given to a role and for a time, and a person holds the role",
    ):
        assert sentence in page


def test_the_figures_are_those_in_force(client, settings):
    page = text_of(client)

    assert "at least 12 characters" in page
    assert "A code that we send works for 5 minutes" in page
    assert "when you have worked for 4 hours" in page
    assert "it is 10 hours" in page
    assert "at least 6 weeks ahead" in page
