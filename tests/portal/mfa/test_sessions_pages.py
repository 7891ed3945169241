"""The pages about sessions: where one is signed in, proving once more, and what could not be sent."""

import pytest
from allauth.usersessions.models import UserSession
from bs4 import BeautifulSoup
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.accounts.models import User
from portal.audit.models import Event
from portal.mfa import actions, sessions, unsent
from portal.notifications import delivery
from tests.portal.mfa.conftest import PASSWORD, Visitor, actions_of, code_of

pytestmark = pytest.mark.django_db

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
)
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"
EDGE = f"{CHROME} Edg/141.0.0.0"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
ANDROID = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36"
)


def text_of(response) -> str:
    return " ".join(BeautifulSoup(response.content, "html.parser").main.get_text(" ").split())


# Where one is signed in ----------------------------------------------------------------------------------------------


@pytest.fixture
def two(maya, app, clock) -> tuple[Visitor, Visitor]:
    """Maya at her desk, and a telephone of hers on which she signed in before."""
    phone = Visitor(Client(HTTP_USER_AGENT=SAFARI, REMOTE_ADDR="86.3.7.1"))
    phone.sign_in(maya)
    clock.forward(minutes=5)
    desk = Visitor(Client(HTTP_USER_AGENT=CHROME, REMOTE_ADDR="86.3.7.2"))
    desk.sign_in(maya)
    clock.forward(minutes=2)
    return desk, phone


def test_the_page_says_where_one_is_signed_in(two):
    desk, _ = two

    shown = text_of(desk.get("/mfa/sessions/"))

    assert "Chrome on Windows: the one you are using" in shown
    assert "Safari on iPhone End this session" in shown
    assert "Signed in 1 March 2027 at 9am" in shown
    assert "Network address 86.3.7.1 Second factor Authenticator app" in shown
    assert shown.index("Chrome on Windows") < shown.index("Safari on iPhone")


def test_the_page_about_ones_sign_in_leads_to_it(two):
    assert 'href="/mfa/sessions/"' in two[0].get("/mfa/security/").content.decode()


def test_last_used_is_when_the_session_itself_was_last_seen(two, clock):
    desk, phone = two
    clock.forward(minutes=10)
    phone.get("/mfa/security/")

    assert "Last used 1 March 2027 at 9:17am" in text_of(desk.get("/mfa/sessions/"))


def test_looking_costs_no_write(two):
    """And one question for the rows, one for the sessions, however many there are."""
    desk, _ = two
    desk.get("/mfa/security/")  # The first visit of a minute is noted.

    with CaptureQueriesContext(connection) as queries:
        desk.get("/mfa/sessions/")

    asked = [query["sql"] for query in queries.captured_queries]
    assert all(sql.startswith("SELECT") for sql in asked)
    assert sum('FROM "usersessions_usersession"' in sql for sql in asked) == 1
    assert sum('FROM "django_session"' in sql for sql in asked) == 2  # The door's own, and all that are listed.


def test_one_session_is_ended_and_the_owner_told(two, maya, app):
    desk, phone = two
    path = next(
        a["href"]
        for a in BeautifulSoup(desk.get("/mfa/sessions/").content, "html.parser").main.find_all("a")
        if a["href"].endswith("/end/")
    )
    asked = text_of(desk.get(path))
    assert "Safari on iPhone, from 86.3.7.1" in asked

    response = desk.post(path, {"proof-code": code_of(app)})

    assert response["Location"] == "/mfa/sessions/"
    assert "You are signed in nowhere else" in text_of(desk.get("/mfa/sessions/"))
    assert phone.get("/mfa/security/").status_code == 302
    assert actions_of(maya)[-1] == "door.sessions_ended"
    assert Event.objects.get(action="door.sessions_ended").facts == {"count": 1}
    delivery.deliver_due()
    assert "Your sessions were ended" in [letter.subject for letter in mail.outbox]


def test_this_session_goes_on_when_all_others_end(two, maya, app):
    desk, phone = two

    response = desk.post("/mfa/sessions/end-others/", {"proof-code": code_of(app)})

    assert response["Location"] == "/mfa/sessions/"
    shown = text_of(desk.get("/mfa/sessions/"))
    assert "Chrome on Windows: the one you are using" in shown
    assert "You are signed in nowhere else" in shown
    assert phone.get("/mfa/security/").status_code == 302
    assert Event.objects.get(action="door.sessions_ended").facts == {"count": 1}


def test_this_session_cannot_be_ended_here(two):
    desk, _ = two
    this = UserSession.objects.get(session_key=desk.client.session.session_key)

    assert desk.get(f"/mfa/sessions/{this.pk}/end/").status_code == 404


@pytest.mark.parametrize("how", ["signed out", "idle", "epoch", "device", "row", "hash"])
def test_a_session_that_is_over_is_not_listed(two, maya, app, clock, how):
    desk, phone = two
    key = phone.client.session.session_key
    if how == "signed out":
        phone.post("/accounts/logout/")
    elif how == "idle":
        clock.forward(minutes=24)
    elif how == "row":
        Session.objects.filter(pk=key).delete()
    elif how == "epoch":
        actions.end_sessions(maya)
        desk.sign_in(maya)
    elif how == "device":
        session = phone.client.session
        session["otp_device_id"] = "otp_totp.totpdevice/999999"
        session.save()
    else:
        session = phone.client.session
        session["_auth_user_hash"] = "of another password"
        session.save()
    maya.refresh_from_db()

    assert [one.browser for one in sessions.live(maya)] == ["Chrome on Windows"]


def test_a_session_signed_before_the_key_was_changed_is_listed(two, maya, settings):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new key " * 5

    assert not sessions.is_of({"_auth_user_id": str(maya.pk), "_auth_user_hash": "x"}, maya)
    good = next(iter(maya.get_session_auth_fallback_hash()))
    assert sessions.is_of({"_auth_user_id": str(maya.pk), "_auth_user_hash": good}, maya)


def test_what_is_known_of_dead_sessions_is_forgotten(two, maya, clock):
    Session.objects.filter(pk=two[1].client.session.session_key).delete()
    sessions.forget_dead()
    assert UserSession.objects.count() == 1
    clock.forward(hours=13)

    sessions.forget_dead()

    assert (Session.objects.count(), UserSession.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (CHROME, "Chrome on Windows"),
        (SAFARI, "Safari on iPhone"),
        (EDGE, "Edge on Windows"),
        (FIREFOX, "Firefox on Linux"),
        (ANDROID, "Chrome on Android"),
        ("curl/8.5", "Unknown browser"),
        ("<b>Linux</b>", "Unknown browser on Linux"),
        ("", "Unknown browser"),
    ],
)
def test_a_browser_is_named_in_words(user_agent, words):
    assert sessions.browser_of(user_agent) == words


# Proving again --------------------------------------------------------------------------------------------------------


def test_one_is_led_back_after_the_code(visitor, maya, app, clock):
    visitor.sign_in(maya)
    for _ in range(13):
        clock.forward(minutes=20)
        visitor.post("/mfa/stay/")
    asked = visitor.get("/travel/?status=draft")
    assert asked["Location"] == "/mfa/prove-again/?next=/travel/%3Fstatus%3Ddraft"
    assert "Confirm it is still you" in text_of(visitor.get(asked["Location"]))

    response = visitor.post(asked["Location"], {"proof-code": code_of(app)})

    assert response["Location"] == "/travel/?status=draft"
    assert actions_of(maya)[-1] == "door.proved"
    assert visitor.get(response["Location"]).status_code == 200


def test_whoever_is_in_trouble_is_not_asked_first(visitor, maya, app, clock):
    """The page for trouble abroad opens to strangers, so it opens to an old session too."""
    visitor.sign_in(maya)
    for _ in range(13):
        clock.forward(minutes=20)
        visitor.post("/mfa/stay/")

    assert visitor.get("/travel/trouble/").status_code == 200


# What the page's script asks ------------------------------------------------------------------------------------------


def test_the_script_hears_for_whom_and_how_long(visitor, another, maya, administrator, app, clock):
    visitor.sign_in(maya)
    another.sign_in(administrator)
    clock.forward(minutes=10)

    answer = visitor.get("/mfa/alive/").json()

    assert (answer["idle"], answer["age"]) == (20 * 60, 12 * 3600 - 600)
    assert answer["who"] != another.get("/mfa/alive/").json()["who"]
    assert len(answer["who"]) == 64
    assert answer["token"]


def test_the_fresh_token_is_good(maya, app, clock):
    strict = Visitor(Client(enforce_csrf_checks=True))
    strict.client.handler.enforce_csrf_checks = False
    strict.sign_in(maya)
    strict.client.handler.enforce_csrf_checks = True
    clock.forward(minutes=10)
    assert strict.post("/mfa/stay/").status_code == 403

    token = strict.get("/mfa/alive/").json()["token"]

    answer = strict.post("/mfa/stay/", HTTP_X_CSRFTOKEN=token)
    assert answer.json()["idle"] == 30 * 60


def test_a_stranger_hears_nothing(visitor):
    assert visitor.get("/mfa/alive/").json() == {}
    assert visitor.post("/mfa/stay/").json() == {}
    assert visitor.get("/mfa/stay/").status_code == 405


def test_only_pages_of_somebody_signed_in_carry_the_clock(visitor, maya, app, clock):
    assert "portal-session" not in visitor.get("/accounts/login/").content.decode()
    visitor.sign_in(maya)

    shown = BeautifulSoup(visitor.get("/mfa/security/").content, "html.parser")

    assert '"idle": 1800.0' in shown.find("meta", {"name": "portal-session"})["content"]


# What could not be sent -----------------------------------------------------------------------------------------------

TYPED = {
    "csrfmiddlewaretoken": "t0ken-t0ken",
    "form_id": "f0rm-f0rm",
    "version": "v3rsion",
    "reason": "The hearing <b>moved</b>\nto Thursday.",
    "legs-0-arrives_on_day": "17",
    "legs-TOTAL_FORMS": "t0tal",
    "takes_laptop": "on",
    "countries": ["DE", "FR"],
    "new_password1": "s3cret-s3cret",
    "proof-code": "998877",
    "proof-key_answer": "s1gned-s1gned",
    "code": "112233",
    "empty": "",
}
SECRETS = ["t0ken-t0ken", "f0rm-f0rm", "v3rsion", "t0tal", "s3cret-s3cret", "998877", "s1gned-s1gned", "112233"]


def make_end(how: str, visitor: Visitor, maya: User, clock) -> None:
    if how == "idle":
        clock.forward(minutes=31)
    elif how == "age":
        for _ in range(37):
            clock.forward(minutes=20)
            visitor.post("/mfa/stay/")
    elif how == "epoch":
        actions.end_sessions(maya)
    elif how == "signed out":
        visitor.post("/accounts/logout/")
    elif how == "ended elsewhere":
        Session.objects.all().delete()
    elif how == "no second factor":
        session = visitor.client.session
        del session["otp_device_id"]
        session.save()
    elif how == "left":
        User.objects.filter(pk=maya.pk).update(ends_on=timezone.localdate() - timezone.timedelta(days=1))
    else:
        for _ in range(14):
            clock.forward(minutes=20)
            visitor.post("/mfa/stay/")


@pytest.mark.parametrize(
    "how", ["idle", "age", "epoch", "signed out", "ended elsewhere", "no second factor", "left", "overdue"]
)
def test_what_was_typed_is_shown_when_it_cannot_be_sent(visitor, maya, app, clock, how):
    visitor.sign_in(maya)
    make_end(how, visitor, maya, clock)

    response = visitor.post("/travel/start/", TYPED)

    assert response.status_code == 403
    shown = text_of(response)
    assert "Nothing was sent, and nothing was saved." in shown
    assert "Reason The hearing <b>moved</b> to Thursday." in shown
    assert "Legs 1: arrives on day 17" in shown
    assert "Takes laptop Ticked" in shown
    assert "Countries DE FR" in shown
    assert not [secret for secret in SECRETS if secret in response.content.decode()]
    way = "/mfa/prove-again/" if how == "overdue" else "/accounts/login/"
    assert f'href="{way}?next=%2Ftravel%2Fstart%2F"' in response.content.decode()
    assert not any("Thursday" in str(session.get_decoded()) for session in Session.objects.all())


@pytest.mark.parametrize("half", ["a stranger", "with the password only"])
def test_whoever_was_not_signed_in_is_led_to_sign_in(visitor, maya, app, half, clock):
    if half != "a stranger":
        visitor.give_password(maya)

    response = visitor.post("/travel/start/", TYPED)

    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


def test_reading_after_the_end_leads_to_sign_in(visitor, maya, app, clock):
    visitor.sign_in(maya)
    clock.forward(minutes=31)

    assert visitor.get("/travel/")["Location"] == "/accounts/login/?next=/travel/&ended=idle"


@pytest.fixture
def strict(maya, app, clock) -> Visitor:
    """A browser whose page holds the token of an earlier sign-in."""
    visitor = Visitor(Client())
    visitor.sign_in(maya)
    visitor.client.handler.enforce_csrf_checks = True
    return visitor


def test_what_was_typed_is_shown_when_the_token_is_of_another_sign_in(strict):
    response = strict.post("/travel/start/", TYPED, HTTP_ORIGIN="http://testserver")

    assert response.status_code == 403
    assert "Reason The hearing <b>moved</b> to Thursday." in text_of(response)
    assert not [secret for secret in SECRETS if secret in response.content.decode()]


@pytest.mark.parametrize("origin", [{}, {"HTTP_ORIGIN": "https://evil.test"}, {"HTTP_ORIGIN": "null"}])
def test_another_site_cannot_put_its_words_into_our_page(strict, origin):
    response = strict.post("/travel/start/", TYPED, **origin)

    assert response.status_code == 403
    assert "Thursday" not in response.content.decode()


def test_a_refused_sign_in_shows_nothing_of_it(strict):
    response = strict.post(
        "/accounts/login/", {"login": "maya@x", "password": PASSWORD}, HTTP_ORIGIN="http://testserver"
    )

    assert response.status_code == 403
    assert "maya@x" not in response.content.decode()


@pytest.mark.parametrize(
    ("name", "label"), [("reason", "Reason"), ("need_equipment", "Need equipment"), ("rows-2-city", "Rows 3: city")]
)
def test_the_names_of_fields_are_made_readable(name, label):
    assert unsent.label_of(name) == label


@pytest.mark.parametrize(
    "name", ["form_id", "version", "seen", "step", "later", "send_code", "proof-code", "legs-TOTAL_FORMS"]
)
def test_what_the_page_itself_sends_is_not_shown_as_typed(name):
    request = RequestFactory().post("/", {name: "1", "reason": "Leave."})

    assert list(unsent.typed(request)) == [{"key": "Reason", "value": "Leave."}]
