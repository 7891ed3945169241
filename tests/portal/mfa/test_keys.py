"""Security keys: signing in with one, proving with one, adding and removing them.  Attacks: tests/attacks."""

import json

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.accounts.models import BusinessArea, User
from portal.audit.models import Event
from portal.mfa import actions, keys, policy
from portal.mfa.models import EmailCode, FactorRule, RecoveryCodes, ResetRequest, SecurityKey, SignInState
from portal.notifications.models import Message
from tests.portal.mfa.conftest import Visitor, actions_of, code_of, give_key, make_person, wrong_code
from tests.softkey import SoftKey

pytestmark = pytest.mark.django_db


@pytest.fixture
def key(maya) -> SoftKey:
    return give_key(maya)


@pytest.fixture
def inside(visitor, maya, clock) -> Visitor:
    """Maya, signed in with her app; the next code is another one."""
    visitor.sign_in(maya)
    clock.forward(seconds=30)
    return visitor


def demand_keys(area: BusinessArea, by: User) -> None:
    FactorRule.objects.create(
        business_area=area,
        what=FactorRule.What.KEYS_ONLY,
        is_on=True,
        from_on=timezone.localdate(),
        reason="Told six weeks ago",
        announced_by=by,
    )


# Signing in -----------------------------------------------------------------------------------------------------------


def test_password_and_key_let_a_person_in(visitor, maya, key, clock):
    visitor.give_password(maya)

    response = visitor.give_key(key)

    assert response.status_code == 302
    assert visitor.is_in
    assert visitor.client.session["otp_device_id"] == f"mfa.securitykey/{SecurityKey.objects.get().pk}"
    assert Event.objects.filter(action="door.signed_in").latest("id").facts == {"factor": "a security key"}


def test_the_session_of_a_key_opens_pages_and_the_admin_site(visitor, administrator, clock):
    visitor.give_password(administrator)
    visitor.give_key(give_key(administrator))

    assert visitor.get("/mfa/security/").status_code == 200
    assert visitor.get("/admin/").status_code == 200


def test_the_key_comes_first_and_the_app_still_works(visitor, maya, app, key, clock):
    visitor.give_password(maya)

    shown = visitor.get("/mfa/verify/").content.decode()

    assert shown.index("Use your security key</button>") < shown.index("Code from your app")
    visitor.give_code(code_of(app))
    assert visitor.is_in


def test_nothing_given_is_asked_for_again(visitor, maya, key, clock):
    visitor.give_password(maya)

    response = visitor.post("/mfa/verify/")

    assert "Use your security key, or enter the code from your app" in response.content.decode()


def test_somebody_with_nothing_but_a_key_is_told_the_way_out_where_there_is_no_script(visitor, clock):
    person = make_person("kay@justice.example")
    give_key(person)
    visitor.give_password(person)

    shown = visitor.get("/mfa/verify/").content.decode()

    assert "security keys need JavaScript" in shown
    assert 'href="/mfa/recovery/"' in shown
    assert "one-time-code" not in shown


def test_a_challenge_names_every_key_of_the_person_and_asks_for_a_pin_or_finger(visitor, maya, key, clock):
    other = give_key(maya)
    visitor.give_password(maya)

    options = visitor.challenge("sign_in")

    assert len(options["allowCredentials"]) == 2
    assert {one["id"] for one in options["allowCredentials"]} == {key.name, other.name}
    assert options["userVerification"] == "required"
    assert options["rpId"] == settings.OTP_WEBAUTHN_RP_ID
    assert options["timeout"] == 300_000


def test_a_key_that_keeps_no_count_works_again_and_again(maya, clock):
    """Passkeys that are synchronised say 0 for ever."""
    key = give_key(maya, SoftKey(counts=False))

    for _ in range(2):
        visitor = Visitor()
        visitor.give_password(maya)
        visitor.give_key(key)
        assert visitor.is_in


def test_a_right_key_sets_the_count_of_failures_back(visitor, maya, app, key, clock):
    visitor.give_password(maya)
    visitor.give_code(wrong_code(app))

    visitor.give_key(key)

    assert SignInState.objects.get(user=maya).failures == 0


def test_the_last_use_is_noted(visitor, maya, key, clock):
    visitor.give_password(maya)
    visitor.give_key(key)

    noted = SecurityKey.objects.get()

    assert noted.last_used_at == timezone.now()
    assert noted.sign_count == key.count


def test_signing_in_with_a_key_costs_so_many_queries(visitor, maya, key, clock, django_assert_num_queries):
    """The page, the challenge and the sign-in, which 90,000 people need each morning, with a cache in the database."""
    visitor.give_password(maya)

    with django_assert_num_queries(4):
        visitor.get("/mfa/verify/")
    with django_assert_num_queries(12):
        options = visitor.challenge("sign_in")
    answer = key.sign(options)
    with django_assert_num_queries(37):
        visitor.post("/mfa/verify/", {"key_answer": answer})

    assert visitor.is_in


# Proving --------------------------------------------------------------------------------------------------------------


def test_a_key_proves_in_the_page_that_acts(inside, maya, key):
    before = inside.client.session.session_key

    answer = key.sign(inside.challenge("prove"))
    response = inside.post("/mfa/recovery-codes/", {"proof-key_answer": answer})

    assert "Save your new recovery codes" in response.content.decode()
    assert inside.client.session["otp_device_id"] == f"mfa.securitykey/{SecurityKey.objects.get().pk}"
    assert inside.client.session.session_key != before
    assert actions_of(maya)[-2:] == ["door.proved", "door.recovery_codes_made"]


def test_a_proof_by_key_is_good_for_one_act(inside, key):
    answer = key.sign(inside.challenge("prove"))
    inside.post("/mfa/recovery-codes/", {"proof-key_answer": answer})

    again = inside.post("/mfa/recovery-codes/", {"proof-key_answer": answer})

    assert "asked too long ago" in again.content.decode()
    assert Event.objects.filter(action="door.recovery_codes_made").count() == 1


def test_what_a_key_answered_is_not_shown_again(inside, key):
    answer = key.sign(inside.challenge("prove"), verified=False)

    response = inside.post("/mfa/recovery-codes/", {"proof-key_answer": answer})

    assert "The security key was not accepted" in response.content.decode()
    assert json.loads(answer)["response"]["signature"] not in response.content.decode()


# Adding ---------------------------------------------------------------------------------------------------------------


def test_a_key_is_added_with_a_code_of_the_app_in_one_post(inside, maya, app):
    key = SoftKey()
    answer = key.create(inside.challenge("add"))

    response = inside.post("/mfa/key/add/", {"name": "Blue key", "new_key": answer, "proof-code": code_of(app)})

    assert response["Location"] == "/mfa/security/"
    added = SecurityKey.objects.get()
    assert (added.user, added.name, added.confirmed) == (maya, "Blue key", True)
    assert actions_of(maya)[-2:] == ["door.proved", "door.key_added"]
    assert Event.objects.latest("id").facts == {"key": "Blue key"}
    assert Message.objects.filter(recipient=maya, template="key-added").count() == 1
    shown = inside.get("/mfa/security/").content.decode()
    assert "Blue key" in shown
    assert "1 added" in shown
    later = Visitor()
    later.give_password(maya)
    later.give_key(key)
    assert later.is_in


def test_a_second_key_is_added_with_the_first(inside, key):
    other = SoftKey()
    proof = key.sign(inside.challenge("prove"))
    answer = other.create(inside.challenge("add"))

    inside.post("/mfa/key/add/", {"name": "Spare", "new_key": answer, "proof-key_answer": proof})

    assert SecurityKey.objects.filter(name="Spare").exists()


def test_the_challenge_of_a_new_key_is_strict_and_asks_nothing_about_its_maker(inside, maya, key):
    options = inside.challenge("add")

    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["authenticatorSelection"]["residentKey"] == "discouraged"
    assert options["attestation"] == "none"
    assert [one["id"] for one in options["excludeCredentials"]] == [key.name]
    assert {one["alg"] for one in options["pubKeyCredParams"]} == {-7, -8, -257}
    assert (options["user"]["name"], options["user"]["displayName"]) == (maya.email, f"Maya ({maya.email})")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": ""}, "Enter a name for the key"),
        ({"new_key": ""}, "Your browser did not read a security key"),
        ({"new_key": "{}"}, "This security key cannot be added"),
        ({"new_key": "[" * 9_000}, "This security key cannot be added"),
        ({"proof-code": ""}, "Enter the code from your app"),
        ({"proof-code": "000000"}, "The code is wrong"),
    ],
)
def test_what_is_missing_or_wrong_is_said_and_the_name_stays(inside, maya, app, change, sentence):
    answer = SoftKey().create(inside.challenge("add"))
    typed = {"name": "Blue key", "new_key": answer, "proof-code": code_of(app)}

    response = inside.post("/mfa/key/add/", typed | change)

    shown = response.content.decode()
    assert sentence in shown
    assert "name" in change or 'value="Blue key"' in shown
    assert not SecurityKey.objects.exists()


def test_a_first_strong_factor_closes_what_let_its_owner_enrol(visitor, clock):
    """Somebody with email codes adds a key: the mailbox signs them in no more."""
    person = make_person("edie@justice.example")
    EmailCode.objects.create(user=person, name="Email codes", confirmed=True)
    SignInState.objects.create(user=person, enrolment_until=timezone.now())
    reset = ResetRequest.objects.create(
        person=person, asked_by=person, reason="Phone stolen", released_at=timezone.now()
    )

    give_key(person)

    person.refresh_from_db()
    reset.refresh_from_db()
    assert not person.enrolment_open
    assert person.sign_in_state.enrolment_until is None
    assert reset.used_at == timezone.now()
    assert [type(one) for one in policy.factors(person)] == [SecurityKey]


def test_the_page_to_add_one_names_the_address_at_which_keys_work(inside):
    here = inside.get("/mfa/key/add/", HTTP_HOST="127.0.0.1:8000").content.decode()
    there = inside.get("/mfa/key/add/", HTTP_HOST="localhost:8000").content.decode()

    assert "Open the portal at http://localhost:8000." in here
    assert "Open the portal at" not in there


def test_whoever_has_five_keys_is_told_to_remove_one(inside, maya):
    for _ in range(5):
        give_key(maya)

    shown = inside.get("/mfa/key/add/").content.decode()

    assert "You have 5 security keys, and that is the most." in shown
    assert '<form method="post" novalidate' not in shown


# Removing -------------------------------------------------------------------------------------------------------------


def remove(visitor, row, **proof):
    return visitor.post(f"/mfa/key/{row.pk}/remove/", {f"proof-{name}": value for name, value in proof.items()})


def test_a_key_is_removed_with_the_app_and_other_sessions_end(inside, another, maya, app, key, clock):
    row = SecurityKey.objects.get()
    another.sign_in(maya)
    clock.forward(seconds=30)

    response = remove(inside, row, code=code_of(app))

    assert response["Location"] == "/mfa/security/"
    assert not SecurityKey.objects.exists()
    assert inside.get("/mfa/security/").status_code == 200
    assert another.get("/mfa/security/").status_code == 302
    assert "door.key_removed" in actions_of(maya)
    assert Message.objects.filter(recipient=maya, template="key-removed").count() == 1


def test_a_session_that_its_key_opened_goes_on_when_another_factor_removes_the_key(visitor, maya, app, key, clock):
    visitor.give_password(maya)
    visitor.give_key(key)

    remove(visitor, SecurityKey.objects.get(), code=code_of(app))

    assert visitor.get("/mfa/security/").status_code == 200
    assert visitor.client.session["otp_device_id"] == f"mfa.totp/{app.pk}"


def test_a_key_does_not_remove_itself(inside, key):
    row = SecurityKey.objects.get()

    response = remove(inside, row, key_answer=key.sign(inside.challenge("prove")))

    assert "Use another security key than the one you remove, or your app" in response.content.decode()
    assert SecurityKey.objects.filter(pk=row.pk).exists()


def test_the_last_strong_factor_stays(visitor, clock):
    person = make_person("kay@justice.example")
    give_key(person)

    with pytest.raises(actions.NotAllowed, match="Add another before you remove it"):
        remove_by_action(person)

    assert SecurityKey.objects.exists()


def test_where_keys_are_demanded_the_last_key_stays(maya, administrator, clock):
    give_key(maya)
    maya.business_area = BusinessArea.objects.get(key="hmcts")
    maya.save()
    demand_keys(maya.business_area, administrator)

    with pytest.raises(actions.NotAllowed):
        remove_by_action(maya)

    give_key(maya)
    remove_by_action(maya)
    assert SecurityKey.objects.count() == 1


def remove_by_action(person):
    keys.remove(key=SecurityKey.objects.filter(user=person).first(), by=person)


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_key_of_somebody_else_is_not_there(inside, administrator, app, method):
    give_key(administrator)
    path = f"/mfa/key/{SecurityKey.objects.get().pk}/remove/"

    response = getattr(inside.client, method)(path, {"proof-code": code_of(app)})

    assert response.status_code == 404
    assert SecurityKey.objects.exists()


# Where keys are demanded ----------------------------------------------------------------------------------------------


@pytest.fixture
def demanded(maya, administrator, clock) -> User:
    maya.business_area = BusinessArea.objects.get(key="hmcts")
    maya.save()
    demand_keys(maya.business_area, administrator)
    return maya


@pytest.mark.parametrize("path", ["/", "/travel/", "/mfa/security/", "/mfa/replace/"])
def test_whoever_must_have_a_key_adds_one_before_anything_else(visitor, demanded, path):
    visitor.sign_in(demanded)

    assert visitor.get(path)["Location"] == "/mfa/key/add/"
    assert visitor.post(path).status_code == 403
    shown = visitor.get("/mfa/key/add/").content.decode()
    assert "Your business area asks everybody for a security key" in shown
    assert ">Cancel<" not in shown


def test_with_the_key_the_portal_opens(visitor, demanded, app, clock):
    visitor.sign_in(demanded)
    clock.forward(seconds=30)
    answer = SoftKey().create(visitor.challenge("add"))

    visitor.post("/mfa/key/add/", {"name": "Blue key", "new_key": answer, "proof-code": code_of(app)})

    assert visitor.get("/mfa/security/").status_code == 200


def test_they_may_still_sign_out(visitor, demanded):
    visitor.sign_in(demanded)

    visitor.post("/accounts/logout/")

    assert not visitor.is_in


def test_the_demand_is_looked_up_once_a_day(visitor, maya, administrator, clock):
    maya.business_area = BusinessArea.objects.get(key="hmcts")
    maya.save()
    clock.forward(hours=14, minutes=50)
    visitor.sign_in(maya)
    demand_keys(maya.business_area, administrator)
    with CaptureQueriesContext(connection) as asked:
        assert visitor.get("/mfa/security/").status_code == 200
    assert not any("mfa_factorrule" in query["sql"] and "keys_only" in query["sql"] for query in asked)

    clock.forward(minutes=20)  # past midnight

    assert visitor.get("/mfa/security/")["Location"] == "/mfa/key/add/"


def test_a_recovery_brings_a_new_app_first(visitor, maya, recovery_codes, clock):
    """Who came in by recovery may not add a key instead."""
    visitor.give_password(maya)
    visitor.post("/mfa/recovery/", {"code": recovery_codes[0]})

    assert visitor.get("/mfa/key/add/")["Location"] == "/mfa/replace/"
    assert visitor.post("/mfa/key/challenge/", {"purpose": "add"}).status_code == 403
    assert RecoveryCodes.objects.exists()
