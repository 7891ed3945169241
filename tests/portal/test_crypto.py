"""Is what is sealed readable by nobody but its owner, also after the key was changed?"""

import pytest

from portal import crypto


@pytest.fixture
def new_key(settings):
    """A second key, which seals from now on."""

    def bring_in():
        settings.PORTAL_OTP_KEYS = {**settings.PORTAL_OTP_KEYS, "2028": "ab" * 32}
        settings.PORTAL_OTP_KEY_ID = "2028"

    return bring_in


def test_what_is_sealed_opens_for_its_owner_alone():
    sealed = crypto.seal(b"a secret", owner="totp:1")

    assert crypto.unseal(sealed, owner="totp:1") == b"a secret"
    with pytest.raises(crypto.Unreadable):
        crypto.unseal(sealed, owner="totp:2")


def test_the_same_secret_is_never_sealed_the_same_way_twice():
    assert crypto.seal(b"a secret", owner="one") != crypto.seal(b"a secret", owner="one")


def test_the_key_that_sealed_a_value_is_named_in_it(new_key):
    old = crypto.seal(b"a secret", owner="one")
    new_key()

    assert crypto.key_id_of(old) == "demo"
    assert crypto.key_id_of(crypto.seal(b"a secret", owner="one")) == "2028"


@pytest.mark.parametrize("plain", ["", "00ff", "e2.demo.AAAA", "e1.demo", "e1.demo.AA.AA"])
def test_what_is_not_sealed_names_no_key(plain):
    with pytest.raises(crypto.Unreadable):
        crypto.key_id_of(plain)


def test_a_value_sealed_again_no_longer_needs_the_old_key(new_key, settings):
    old = crypto.seal(b"a secret", owner="one")
    new_key()

    new = crypto.resealed(old, owner="one")

    settings.PORTAL_OTP_KEYS = {"2028": settings.PORTAL_OTP_KEYS["2028"]}
    assert crypto.unseal(new, owner="one") == b"a secret"
    with pytest.raises(crypto.Unreadable):
        crypto.unseal(old, owner="one")
    with pytest.raises(crypto.Unreadable):
        crypto.resealed(old, owner="one")
