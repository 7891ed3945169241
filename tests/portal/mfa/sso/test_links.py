"""A person links an account of Entra to theirs, and takes the link away: each time with a fresh second factor."""

import pytest
from allauth.socialaccount.models import SocialAccount

from portal.audit.models import Event
from portal.mfa.letters import tell
from portal.notifications import delivery
from portal.notifications.models import Message
from tests.portal.mfa.conftest import Visitor, actions_of, code_of, give_app, make_person, wrong_code
from tests.portal.mfa.sso.entra import OID, TENANT, asked_of_entra, at_entra, come_back

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(visitor, maya, clock):
    visitor.sign_in(maya)
    clock.forward(seconds=31)
    return visitor


def begin(visitor, app) -> str:
    """Give a code on the page, and return where it leads."""
    return visitor.post("/mfa/sso/link/", {"proof-code": code_of(app)})["Location"]


def page(response) -> str:
    return response.content.decode()


def test_a_person_links_their_account_and_signs_in_with_it(signed_in, another, entra, maya, app, clock):
    response = signed_in.get(at_entra(begin(signed_in, app)))

    assert response["Location"] == "/mfa/security/"
    security = page(signed_in.get("/mfa/security/"))
    assert "You can now sign in with Microsoft Entra" in security
    assert "to maya@justice.example" in security
    assert actions_of(maya)[-1] == "door.sso_linked"
    assert Message.objects.filter(recipient=maya, template="sso_linked").count() == 1
    assert come_back(another)["Location"] == "/mfa/verify/"


def test_before_linking_one_chooses_the_account(signed_in, entra, app):
    """On a shared computer somebody else's account may be the one that is signed in."""
    assert asked_of_entra(begin(signed_in, app))["prompt"] == "select_account"


@pytest.mark.parametrize("act", ["link", "unlink"])
@pytest.mark.parametrize("given", ["nothing", "wrong", "used"])
def test_nothing_happens_without_a_fresh_code(signed_in, entra, maya, app, clock, act, given):
    """S32: a session that is left open, with its second factor just given, neither links nor unlinks."""
    if act == "unlink":
        maya.socialaccount_set.create(provider="entra", uid=f"{TENANT}:{OID}")
    codes = {"nothing": "", "wrong": wrong_code(app), "used": code_of(app, -1)}

    response = signed_in.post(f"/mfa/sso/{act}/", {"proof-code": codes[given]})

    assert response.status_code == 200
    assert "proof-code" in page(response)
    assert "socialaccount_states" not in signed_in.client.session
    assert maya.socialaccount_set.count() == (act == "unlink")


@pytest.mark.parametrize("path", ["/mfa/sso/link/", "/mfa/sso/unlink/"])
def test_a_stranger_is_sent_to_sign_in(visitor, entra, db, path):
    assert visitor.get(path)["Location"].startswith("/accounts/login/")
    assert visitor.post(path)["Location"].startswith("/accounts/login/")


def test_a_code_for_a_link_lets_nobody_else_finish_it(signed_in, another, entra, maya, app, clock):
    """The end of the way, opened in a browser that did not begin it, links nothing, to nobody."""
    stranger = make_person("stranger@justice.example")
    give_app(stranger)
    clock.forward(seconds=31)
    another.sign_in(stranger)
    path = at_entra(begin(signed_in, app))

    response = another.get(path)

    assert response.status_code == 403
    assert not SocialAccount.objects.exists()


def test_a_link_is_not_finished_by_whoever_signs_in_meanwhile(signed_in, entra, maya, app, clock):
    path = at_entra(begin(signed_in, app))
    states = signed_in.client.session["socialaccount_states"]
    stranger = make_person("stranger@justice.example")
    give_app(stranger)
    clock.forward(seconds=31)
    signed_in.post("/accounts/logout/")
    signed_in.sign_in(stranger)
    assert "socialaccount_states" not in signed_in.client.session
    session = signed_in.client.session
    session["socialaccount_states"] = states  # Even if it had survived.
    session.save()

    response = signed_in.get(path)

    assert response.status_code == 403
    assert not SocialAccount.objects.exists()


def test_a_link_is_not_finished_by_nobody(signed_in, entra, maya, app, clock):
    path = at_entra(begin(signed_in, app))
    clock.forward(minutes=31)

    response = signed_in.get(path)

    assert response.status_code == 403
    assert not SocialAccount.objects.exists()


def test_the_account_of_somebody_else_is_not_linked_twice(signed_in, entra, maya, app, clock):
    other = make_person("other@justice.example")
    other.socialaccount_set.create(provider="entra", uid=f"{TENANT}:{OID}")

    response = signed_in.get(at_entra(begin(signed_in, app)))

    assert response.status_code == 403
    assert "other@justice.example" not in page(response)
    assert SocialAccount.objects.get().user == other
    assert actions_of(maya)[-1] == "door.sso_refused"


def test_one_account_of_entra_a_person(signed_in, entra, maya, app, clock):
    path = at_entra(begin(signed_in, app))
    maya.socialaccount_set.create(provider="entra", uid=f"{TENANT}:another")

    assert signed_in.get(path).status_code == 403
    clock.forward(seconds=31)
    response = signed_in.post("/mfa/sso/link/", {"proof-code": code_of(app)})

    assert response.status_code == 409
    assert "already linked" in page(response)
    assert maya.socialaccount_set.get().uid == f"{TENANT}:another"


@pytest.mark.parametrize(
    "lie",
    [
        {"tid": "6f1c5a1e-0000-4000-8000-000000000002"},
        {"oid": ""},
        {"oid": 7},
        {"oid": ["x"]},
        {"oid": "a" * 300},
        {"nonce": "another"},
        {"aud": "another"},
    ],
    ids=str,
)
def test_a_forged_answer_links_nothing(signed_in, entra, maya, app, clock, lie):
    """S53, where it would do most harm: what is linked once opens the door every day."""
    entra.claims = lie

    response = signed_in.get(at_entra(begin(signed_in, app)))

    assert response.status_code == 403
    assert "Your account was not linked" in page(response)
    assert not SocialAccount.objects.exists()
    assert Event.objects.filter(action="door.sso_refused", target_id=str(maya.pk)).exists()


def test_whoever_cancels_at_entra_is_back_at_their_sign_in(signed_in, entra, app):
    state = asked_of_entra(begin(signed_in, app))["state"]

    assert signed_in.get(f"/mfa/sso/return/?error=access_denied&state={state}")["Location"] == "/mfa/security/"


def test_a_person_unlinks_and_every_sign_in_by_it_ends(signed_in, another, entra, linked, app, clock):
    """This session goes on; the others, and those that wait for a code, end."""
    come_back(another)
    third = Visitor()
    third.sign_in(linked)
    clock.forward(seconds=31)

    response = signed_in.post("/mfa/sso/unlink/", {"proof-code": code_of(app)})

    assert response["Location"] == "/mfa/security/"
    security = page(signed_in.get("/mfa/security/"))
    assert "not linked to Microsoft Entra any more" in security
    assert "Not linked" in security
    assert actions_of(linked)[-1] == "door.sso_unlinked"
    assert Message.objects.filter(recipient=linked, template="sso_unlinked").count() == 1
    clock.forward(seconds=31)
    assert another.give_code(code_of(app))["Location"] == "/accounts/login/"
    assert third.get("/").status_code == 302
    assert come_back(Visitor()).status_code == 403


def test_there_is_nothing_to_unlink(signed_in, entra, maya, app):
    response = signed_in.post("/mfa/sso/unlink/", {"proof-code": code_of(app)})

    assert response.status_code == 409
    assert "is not linked" in page(response)


# People without a password --------------------------------------------------------------------------------------------


@pytest.fixture
def without_password(linked):
    linked.set_unusable_password()
    linked.save()
    return linked


def test_who_has_no_password_keeps_the_link(visitor, entra, without_password, app, clock):
    """They could not sign in any more."""
    come_back(visitor)
    visitor.give_code(code_of(app))
    clock.forward(seconds=31)

    response = visitor.post("/mfa/sso/unlink/", {"proof-code": code_of(app)})

    assert response.status_code == 409
    assert "You have no password" in page(response)
    assert without_password.socialaccount_set.count() == 1


@pytest.mark.parametrize("path", ["/mfa/sso/unlink/", "/mfa/recovery-codes/"])
def test_without_a_password_the_second_factor_is_still_asked_for_again(
    visitor, entra, without_password, app, clock, path
):
    """S34: allauth says of whoever has no password that they proved themselves recently; the portal does not."""
    come_back(visitor)
    visitor.give_code(code_of(app))
    clock.forward(minutes=10)

    response = visitor.post(path)

    assert response.status_code == 200
    assert "Enter the code" in page(response)
    assert without_password.socialaccount_set.count() == 1
    assert actions_of(without_password)[-1] == "door.signed_in"


def test_without_a_password_there_is_none_to_change(visitor, entra, without_password, app, clock):
    come_back(visitor)
    visitor.give_code(code_of(app))

    response = visitor.get("/accounts/password/change/")

    assert response.status_code == 403
    security = page(visitor.get("/mfa/security/"))
    assert "/accounts/password/change/" not in security
    assert "you sign in with Microsoft Entra" in security


def test_a_mailbox_is_no_way_around_entra(visitor, entra, without_password, clock):
    """No link to set a password: whom the directory shuts out would come in by their mailbox."""
    before = Message.objects.count()
    known = visitor.post("/accounts/password/reset/", {"email": without_password.email})
    unknown = visitor.post("/accounts/password/reset/", {"email": "nobody@justice.example"})

    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert Message.objects.count() == before
    assert "there is no password here to reset" in page(visitor.get("/accounts/password/reset/"))


def test_where_entra_is_no_longer_used_a_mailbox_sets_a_password_again(
    visitor, entra, without_password, settings, clock
):
    settings.PORTAL_SSO = dict.fromkeys(entra.settings, "")

    visitor.post("/accounts/password/reset/", {"email": without_password.email})

    assert Message.objects.filter(recipient=without_password, template="password-reset").count() == 1
    assert "Entra" not in page(visitor.get("/accounts/password/reset/"))


@pytest.mark.parametrize("template", ["sso_linked", "sso_unlinked"])
def test_each_letter_says_what_to_do(maya, template):
    tell(maya, template)

    subject = delivery.subject_of(Message.objects.get(template=template))

    assert "Microsoft Entra" in subject
