"""What somebody tries with a security key, or without the one they need: S51 and S52."""

import json
import threading

import pytest
import time_machine
from django.contrib.auth import authenticate
from django.core.cache import cache
from django.db import connections
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse
from django_otp_webauthn.models import WebAuthnAttestation, WebAuthnCredential

from portal.audit.models import Event
from portal.mfa import policy
from portal.mfa.models import SecurityKey, SignInState
from tests.portal.mfa.conftest import Clock, Visitor, actions_of, code_of, give_app, give_key, make_person
from tests.softkey import SoftKey

pytestmark = pytest.mark.django_db

REFUSED = "The security key was not accepted. Use one that you have added to your account"
TOO_LATE = "Your security key was asked too long ago. Use it again"
NOT_ADDED = "This security key cannot be added. Try again, or use another key"


@pytest.fixture
def clock():
    with time_machine.travel("2027-03-01 09:00:05+00:00", tick=False) as travel:
        yield Clock(travel)


@pytest.fixture
def maya(db):
    """The victim: she has an app."""
    cache.clear()
    user = make_person("maya@justice.example")
    give_app(user)
    return user


@pytest.fixture
def app(maya):
    return policy.authenticator_app(maya)


@pytest.fixture
def visitor() -> Visitor:
    return Visitor()


@pytest.fixture
def another() -> Visitor:
    return Visitor()


@pytest.fixture
def key(maya) -> SoftKey:
    return give_key(maya)


@pytest.fixture
def eve(db, clock):
    """Another member of staff, with an app and a key of her own."""
    user = make_person("eve@justice.example")
    give_app(user)
    user.key = give_key(user, name="Eve's")
    return user


@pytest.fixture
def pending(visitor, maya, clock) -> Visitor:
    """The password was right; nobody is signed in."""
    visitor.give_password(maya)
    return visitor


@pytest.fixture
def inside(visitor, maya, clock) -> Visitor:
    visitor.sign_in(maya)
    clock.forward(seconds=30)
    return visitor


def is_refused(response, sentence: str = REFUSED) -> bool:
    return response.status_code in (200, 409) and sentence in response.content.decode()


# S51: signing in with what a key answered -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lies",
    [
        {"origin": "https://portal.evil.example"},
        {"origin": "http://evil.localhost:8000"},
        {"origin": "http://localhost:8000.evil.example"},
        {"origin": "https://localhost:8000"},
        {"origin": "http://localhost:9000"},
        {"site": "evil.example"},
        {"site": "evil.localhost"},
        {"verified": False},
        {"present": False},
    ],
    ids=lambda lies: " ".join(map(str, lies.values())),
)
def test_what_a_key_signed_elsewhere_or_for_nobody_lets_nobody_in(pending, maya, key, lies):
    """S51: another origin, a sub-domain, another scheme or port, another site; without PIN or touch."""
    response = pending.give_key(key, **lies)

    assert is_refused(response)
    assert not pending.is_in
    assert actions_of(maya)[-1] == "door.code_failed"
    assert SecurityKey.objects.get().sign_count == 1


def test_a_page_of_plain_http_is_another_origin_than_the_portal_s(pending, key, settings):
    """S51: in production the portal has one origin, and it is encrypted."""
    settings.OTP_WEBAUTHN_ALLOWED_ORIGINS = ["https://localhost:8000"]

    response = pending.give_key(key, origin="http://localhost:8000")

    assert is_refused(response)
    assert not pending.is_in


def test_a_key_of_somebody_else_lets_nobody_in(pending, key, eve):
    """S51: Eve knows Maya's password, and touches her own key."""
    response = pending.give_key(eve.key)

    assert is_refused(response)
    assert not pending.is_in


@pytest.mark.parametrize("fate", ["removed", "not confirmed"])
def test_a_key_that_is_none_any_more_lets_nobody_in(pending, maya, key, fate):
    """S51: while another of the same person still does."""
    row = SecurityKey.objects.filter(user=maya)
    row.delete() if fate == "removed" else row.update(confirmed=False)
    give_key(maya)

    response = pending.give_key(key)

    assert is_refused(response)
    assert not pending.is_in


@pytest.mark.parametrize("count", [1, 40])
def test_a_copy_of_a_key_is_found_by_its_counter(pending, maya, key, count):
    """S51: the copy is as old as the last use, or older."""
    SecurityKey.objects.update(sign_count=count + 1)
    key.count = count

    response = pending.give_key(key)

    assert is_refused(response)
    assert not pending.is_in
    cloned = Event.objects.get(action="door.key_cloned")
    assert (cloned.target_id, cloned.facts) == (str(maya.pk), {"key": "Blue key"})
    assert SecurityKey.objects.get().sign_count == count + 1


def test_nobody_without_the_key_makes_it_look_copied(pending, maya, key):
    """S51: a forged answer with a low counter would otherwise cast suspicion on an honest key."""
    SecurityKey.objects.update(sign_count=40)
    forger = SoftKey(identity=key.identity)

    response = pending.give_key(forger)

    assert is_refused(response)
    assert not Event.objects.filter(action="door.key_cloned").exists()


def test_a_counter_that_no_database_keeps_is_refused(pending, key):
    """S51: four bytes of ones."""
    key.count = 2**32 - 2

    assert is_refused(pending.give_key(key))
    assert not pending.is_in


def test_an_answer_is_good_once(pending, maya, key, another):
    """S51: replayed in the same sign-in, in another one, and by somebody who caught it on the way."""
    answer = key.sign(pending.challenge("sign_in"))
    another.give_password(maya)
    another.challenge("sign_in")

    stolen = another.post("/mfa/verify/", {"key_answer": answer})
    first = pending.post("/mfa/verify/", {"key_answer": answer})
    pending.post("/accounts/logout/")
    pending.give_password(maya)
    again = pending.post("/mfa/verify/", {"key_answer": answer})

    assert is_refused(stolen)
    assert not another.is_in
    assert first.status_code == 302
    assert is_refused(again, TOO_LATE)
    assert not pending.is_in


def test_a_refused_answer_uses_up_its_challenge(pending, key):
    """S51: nobody tries twice on one challenge."""
    options = pending.challenge("sign_in")
    pending.post("/mfa/verify/", {"key_answer": key.sign(options, verified=False)})

    response = pending.post("/mfa/verify/", {"key_answer": key.sign(options)})

    assert is_refused(response, TOO_LATE)
    assert not pending.is_in


def test_an_older_challenge_is_dead_when_there_is_a_newer_one(pending, key):
    """S51: one at a time."""
    older = key.sign(pending.challenge("sign_in"))
    pending.challenge("sign_in")

    assert is_refused(pending.post("/mfa/verify/", {"key_answer": older}))
    assert not pending.is_in


@pytest.mark.parametrize(("seconds", "is_in"), [(300, True), (301, False)])
def test_a_challenge_is_good_for_five_minutes(pending, key, clock, seconds, is_in):
    """S51: at 5:01 it is too late."""
    answer = key.sign(pending.challenge("sign_in"))
    clock.forward(seconds=seconds)

    pending.post("/mfa/verify/", {"key_answer": answer})

    assert pending.is_in == is_in


def test_a_challenge_from_the_future_is_none(pending, key, clock):
    """S51, S58: the server's clock was set back."""
    answer = key.sign(pending.challenge("sign_in"))
    clock.forward(seconds=-60)

    assert is_refused(pending.post("/mfa/verify/", {"key_answer": answer}), TOO_LATE)


def test_the_challenge_of_another_session_is_none(pending, maya, key, another):
    """S51: somebody gets Maya to touch her key for the challenge of their own browser's sign-in."""
    another.give_password(maya)
    answer = key.sign(another.challenge("sign_in"))

    assert is_refused(pending.post("/mfa/verify/", {"key_answer": answer}), TOO_LATE)
    assert not pending.is_in


def test_the_challenge_of_another_person_in_the_same_browser_is_none(visitor, maya, key, eve):
    """S51: Eve asks, goes back, and Maya signs in on the shared computer."""
    visitor.give_password(eve)
    answer = key.sign(visitor.challenge("sign_in"))
    visitor.give_password(maya)

    assert is_refused(visitor.post("/mfa/verify/", {"key_answer": answer}), TOO_LATE)
    assert not visitor.is_in


def test_a_challenge_for_adding_proves_nothing(inside, key):
    """S51: the challenge of another purpose."""
    answer = key.sign(inside.challenge("add"))

    response = inside.post("/mfa/recovery-codes/", {"proof-key_answer": answer})

    assert is_refused(response, TOO_LATE)
    assert not Event.objects.filter(action="door.recovery_codes_made").exists()


def test_what_a_key_answered_when_it_was_added_is_no_signature(inside, key):
    """S51: the one kind of answer for the other."""
    answer = SoftKey().create(inside.challenge("prove"))

    assert is_refused(inside.post("/mfa/recovery-codes/", {"proof-key_answer": answer}))


@pytest.mark.parametrize("purpose", ["", "prove", "add", "SIGN_IN", "anything"])
def test_a_pending_sign_in_gets_a_challenge_for_signing_in_and_no_other(pending, key, purpose):
    """S51."""
    assert pending.post("/mfa/key/challenge/", {"purpose": purpose}).status_code == 403


@pytest.mark.parametrize("purpose", ["", "sign_in", "anything"])
def test_a_session_gets_no_challenge_for_signing_in(inside, key, purpose):
    """S51."""
    assert inside.post("/mfa/key/challenge/", {"purpose": purpose}).status_code == 403


@pytest.mark.parametrize("purpose", ["sign_in", "prove", "add"])
def test_a_stranger_gets_no_challenge(visitor, db, purpose):
    """S51: a challenge would also tell whose keys there are."""
    assert visitor.post("/mfa/key/challenge/", {"purpose": purpose}).status_code == 403
    assert visitor.get("/mfa/key/challenge/").status_code == 405


def test_a_challenge_of_a_pending_sign_in_dies_with_its_password(pending, maya, key):
    """S51: the password was changed meanwhile."""
    maya.set_password("another horse battery staple")
    maya.save()

    assert pending.post("/mfa/key/challenge/", {"purpose": "sign_in"}).status_code == 403


def test_another_site_gets_no_challenge(maya, key, clock):
    """S51: without the token of a page of ours there is none."""
    careful = Visitor(Client(enforce_csrf_checks=True))

    assert careful.post("/mfa/key/challenge/", {"purpose": "sign_in"}).status_code == 403


def test_nobody_asks_for_challenges_without_end(pending, key, clock):
    """S51: the twenty-first of a minute is refused; the next minute there is another."""
    clock.forward(minutes=1)  # The key itself was added on a challenge.
    for _ in range(20):
        pending.challenge("sign_in")

    assert pending.post("/mfa/key/challenge/", {"purpose": "sign_in"}).status_code == 429
    clock.forward(minutes=1)
    pending.give_key(key)
    assert pending.is_in


def test_wrong_keys_lock_the_door_as_wrong_codes_do(visitor, maya, key, eve, clock):
    """S51, S8: ten over all factors; then not even the right key."""
    SignInState.objects.update_or_create(user=maya, defaults={"failures": 9})
    visitor.give_password(maya)
    visitor.give_key(eve.key)

    response = visitor.give_key(key)

    assert response.status_code == 429
    assert "Try again after" in response.content.decode()
    assert not visitor.is_in


@pytest.mark.parametrize(
    "damage",
    [
        lambda answer: "",
        lambda answer: "null",
        lambda answer: "[" * 9_000,
        lambda answer: "{}",
        lambda answer: answer | {"id": "A" * 43},
        lambda answer: answer | {"rawId": "é"},
        lambda answer: answer | {"rawId": None},
        lambda answer: answer | {"type": "password"},
        lambda answer: answer | {"response": []},
        lambda answer: answer | {"response": answer["response"] | {"signature": ""}},
        lambda answer: answer | {"response": answer["response"] | {"signature": "AAAA"}},
        lambda answer: answer | {"response": answer["response"] | {"authenticatorData": "AAAA"}},
        lambda answer: answer | {"response": answer["response"] | {"clientDataJSON": "W10"}},
        lambda answer: answer | {"response": answer["response"] | {"clientDataJSON": "gICA"}},
        lambda answer: answer | {"response": answer["response"] | {"userHandle": "a"}},
        lambda answer: answer | {"response": answer["response"] | {"userHandle": 7}},
    ],
)
def test_an_answer_that_is_no_answer_of_a_key_is_refused_in_words(pending, maya, key, damage):
    """S51: never an error page, and never in."""
    answer = damage(json.loads(key.sign(pending.challenge("sign_in"))))

    response = pending.post("/mfa/verify/", {"key_answer": answer if isinstance(answer, str) else json.dumps(answer)})

    assert response.status_code == 200
    assert "There is a problem" in response.content.decode()
    assert not pending.is_in


# S51: adding a key ----------------------------------------------------------------------------------------------------


def add(
    visitor, key: SoftKey, options: dict | None = None, name: str = "Planted", *, lies: dict | None = None, **proof
):
    answer = key.create(options or visitor.challenge("add"), **(lies or {}))
    answers = {"name": name, "new_key": answer} | {f"proof-{field}": value for field, value in proof.items()}
    return visitor.post("/mfa/key/add/", answers)


@pytest.mark.parametrize("proof", [{}, {"code": "000000"}, {"key_answer": "{}"}])
def test_nobody_plants_a_key_without_the_second_factor(inside, key, proof):
    """S51: the session alone, as of somebody at an unlocked computer, is not enough."""
    add(inside, SoftKey(), **proof)

    assert SecurityKey.objects.count() == 1


def test_the_new_key_does_not_prove_itself(inside, key):
    """S51: what is being added is no factor yet."""
    new = SoftKey()
    proof = new.sign(inside.challenge("prove"))

    response = add(inside, new, key_answer=proof)

    assert is_refused(response)
    assert SecurityKey.objects.count() == 1


def test_a_pending_sign_in_adds_no_key(pending, key):
    """S51: the password alone."""
    response = pending.post("/mfa/key/add/", {"name": "Planted", "new_key": "{}"})

    assert response["Location"].startswith("/accounts/login/")
    assert SecurityKey.objects.count() == 1


@pytest.mark.parametrize(
    "lies",
    [
        {"origin": "https://portal.evil.example"},
        {"origin": "http://evil.localhost:8000"},
        {"origin": "https://localhost:8000"},
        {"site": "evil.example"},
        {"verified": False},
        {"present": False},
    ],
    ids=lambda lies: " ".join(map(str, lies.values())),
)
def test_a_key_made_elsewhere_or_without_its_owner_is_not_added(inside, app, lies):
    """S51."""
    response = add(inside, SoftKey(), lies=lies, code=code_of(app))

    assert is_refused(response, NOT_ADDED)
    assert not SecurityKey.objects.exists()


def test_a_key_is_not_added_twice(inside, maya, app, clock):
    """S51: the answer again, and the same key for a new challenge."""
    key, options = SoftKey(), inside.challenge("add")
    add(inside, key, options, code=code_of(app))
    clock.forward(seconds=30)

    replayed = add(inside, key, options, code=code_of(app))
    clock.forward(seconds=30)
    again = add(inside, key, code=code_of(app))

    assert is_refused(replayed, TOO_LATE)
    assert is_refused(again, NOT_ADDED)
    assert SecurityKey.objects.count() == 1


def test_a_key_belongs_to_one_person(inside, app, eve):
    """S51: the same key for two people; nothing tells whose it is."""
    response = add(inside, eve.key, code=code_of(app))

    assert is_refused(response, NOT_ADDED)
    assert [key.user for key in SecurityKey.objects.all()] == [eve]


def test_the_sixth_key_is_refused(inside, maya, app):
    """S51: a hundred keys."""
    for _ in range(5):
        give_key(maya)

    response = add(inside, SoftKey(), code=code_of(app))

    assert is_refused(response, "You have 5 security keys")
    assert SecurityKey.objects.count() == 5


def test_a_challenge_to_add_is_dead_after_five_minutes_and_elsewhere(inside, another, maya, app, clock):
    """S51."""
    options = inside.challenge("add")
    clock.forward(seconds=301)
    late = add(inside, SoftKey(), options, code=code_of(app))
    clock.forward(seconds=30)
    another.sign_in(maya)
    theirs = another.challenge("add")
    clock.forward(seconds=30)
    foreign = add(inside, SoftKey(), theirs, code=code_of(app))

    assert is_refused(late, TOO_LATE)
    assert is_refused(foreign, TOO_LATE)
    assert not SecurityKey.objects.exists()


def test_nothing_is_kept_about_who_made_a_key(inside, app):
    add(inside, SoftKey(), code=code_of(app))

    assert SecurityKey.objects.exists()
    assert not WebAuthnAttestation.objects.exists()


# S51: races -----------------------------------------------------------------------------------------------------------


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("counts", [True, False], ids=["counts", "keeps no count"])
def test_of_many_posts_with_one_answer_one_wins(maya, counts):
    """S51: caught on the way, and sent at the same moment from everywhere."""
    key = give_key(maya, SoftKey(counts=counts))
    for number in range(1, 11):
        visitor = Visitor()
        visitor.give_password(maya)
        answer = key.sign(visitor.challenge("sign_in"))
        start = threading.Barrier(8)

        def post(cookies=visitor.client.cookies, answer=answer, start=start):
            thief = Visitor()
            thief.client.cookies.update(cookies)
            start.wait()
            try:
                thief.post("/mfa/verify/", {"key_answer": answer})
            finally:
                connections.close_all()

        threads = [threading.Thread(target=post) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert Event.objects.filter(action="door.signed_in").count() == number


# S52: the package's own ways in ---------------------------------------------------------------------------------------


def views(resolver=None):
    for pattern in (resolver or get_resolver()).url_patterns:
        if hasattr(pattern, "url_patterns"):
            yield from views(pattern)
        else:
            yield pattern.callback


def test_no_page_of_the_package_is_routed():
    """S52."""
    assert not [view for view in views() if "webauthn" in getattr(view, "__module__", "")]
    for name in ("login-begin", "credential-authentication-begin"):
        with pytest.raises(NoReverseMatch):
            reverse(f"otp_webauthn:{name}")


@pytest.mark.parametrize("path", ["/webauthn/authentication/begin/", "/mfa/webauthn/authentication/complete/"])
def test_the_addresses_of_the_package_lead_nowhere(visitor, db, path):
    """S52."""
    assert visitor.post(path).status_code in (302, 404)
    assert not visitor.is_in


def test_a_key_alone_lets_nobody_in(visitor, maya, key, inside, clock):
    """S52: without the password there is no pending sign-in, so neither a challenge nor a page that takes an answer."""
    thief = Visitor()
    answer = key.sign(inside.challenge("prove"))

    response = thief.post("/mfa/verify/", {"key_answer": answer})

    assert response["Location"] == "/accounts/login/"
    assert not thief.is_in


def test_no_backend_takes_a_key_for_a_password(rf, maya, key, settings):
    """S52."""
    settings.OTP_WEBAUTHN_ALLOW_PASSWORDLESS_LOGIN = True

    assert authenticate(rf.post("/"), webauthn_credential=WebAuthnCredential.objects.get()) is None
    assert settings.AUTHENTICATION_BACKENDS == ["portal.mfa.backend.Backend"]


def test_passwordless_sign_in_is_off(settings):
    """S52."""
    assert settings.OTP_WEBAUTHN_ALLOW_PASSWORDLESS_LOGIN is False
