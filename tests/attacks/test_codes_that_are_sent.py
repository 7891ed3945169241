"""What somebody tries who has the password, and reads along in a mailbox or a phone, or wants the portal to pay."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from portal.accounts.models import BusinessArea, Role, RoleHeld, User
from portal.audit.models import Event
from portal.mfa import actions, otp, passwords, phones, policy
from portal.mfa.models import EmailCode, FactorRule, RecoveryPhone, SignInState
from portal.mfa.phones import as_mobile
from portal.notifications.models import Message
from tests.portal.mfa import conftest as door
from tests.portal.mfa.conftest import PASSWORD, Visitor, actions_of, code_of, give_app, make_person, sent_code
from tests.travel.pages import after, page

pytestmark = pytest.mark.django_db

quiet, no_counts, clock, visitor, another = door.quiet, door.no_counts, door.clock, door.visitor, door.another

NUMBER = "07400 123456"
SEND = {"send_code": "1"}


@pytest.fixture
def area(clock, settings) -> BusinessArea:
    """It allows both kinds of sent codes."""
    settings.PORTAL_TEXT_TRANSPORT = "file"
    area = BusinessArea.objects.get(key="hmpps-establishments")
    somebody = make_person("centre@justice.example")
    for what in (FactorRule.What.EMAIL_CODES, FactorRule.What.RECOVERY_PHONE):
        FactorRule.objects.create(
            business_area=area, what=what, is_on=True, from_on=timezone.localdate(), announced_by=somebody
        )
    return area


@pytest.fixture
def olu(area) -> User:
    """Signs in with e-mail codes."""
    user = make_person("olu@justice.example", business_area=area)
    actions.choose_email_codes(user=user)
    return user


@pytest.fixture
def phil(area, clock) -> User:
    """Has an app, and a recovery phone since yesterday."""
    user = make_person("phil@justice.example", business_area=area)
    give_app(user)
    add_phone(user)
    clock.forward(days=1, minutes=1)
    return user


def add_phone(user: User, number: str = "+447400123456") -> RecoveryPhone:
    phone = phones.start(number=number, by=user)
    phones.verify(phone=phone, by=user)
    return phone


def waits(visitor: Visitor, user: User) -> str:
    """Give the password, and return the code that was sent."""
    assert visitor.give_password(user)["Location"] == "/mfa/verify/"
    return sent_code(user)


def asks_by_phone(visitor: Visitor, user: User) -> str:
    visitor.give_password(user)
    visitor.post("/mfa/recovery/phone/", SEND)
    return sent_code(user, "recovery-code-text")


def by_phone(visitor: Visitor, code: str):
    return visitor.post("/mfa/recovery/phone/", {"code": code})


def sent(user: User) -> int:
    return Message.objects.filter(recipient=user, template__in=("sign-in-code", "recovery-code-text")).count()


# Codes to the mailbox -----------------------------------------------------------------------------------------------


def test_the_owner_of_the_mailbox_gets_in(visitor, olu):
    visitor.give_code(waits(visitor, olu))

    assert visitor.is_in
    assert actions_of(olu)[-1] == "door.signed_in"


def test_a_code_five_minutes_and_a_second_old(visitor, olu, clock):
    """S15, R369: at five minutes it still counts."""
    code = waits(visitor, olu)
    clock.forward(minutes=5, seconds=1)

    visitor.give_code(code)

    assert not visitor.is_in


def test_a_code_just_under_five_minutes_old_still_counts(visitor, olu, clock):
    code = waits(visitor, olu)
    clock.forward(minutes=4, seconds=59)

    visitor.give_code(code)

    assert visitor.is_in


def test_a_code_in_another_browser(visitor, another, olu, clock):
    """S15: the thief has the password, and saw the code that the owner asked for."""
    code = waits(visitor, olu)
    another.give_password(olu)

    another.give_code(code)

    assert not another.is_in
    clock.forward(minutes=1)
    visitor.give_code(code)
    assert visitor.is_in


def test_a_code_after_a_newer_one(visitor, olu, clock):
    """S15."""
    earlier = waits(visitor, olu)
    clock.forward(minutes=1, seconds=1)
    visitor.post("/mfa/verify/", SEND)
    newer = sent_code(olu)

    visitor.give_code(earlier)
    assert not visitor.is_in

    clock.forward(seconds=2)
    visitor.give_code(newer)
    assert visitor.is_in or earlier == newer


def test_a_code_twice(visitor, another, olu):
    """S10."""
    code = waits(visitor, olu)
    visitor.give_code(code)

    with pytest.raises(otp.Refused):
        otp.check_code(olu, EmailCode.objects.get(user=olu), code, purpose="sign_in", nonce="")


@pytest.mark.parametrize("other", ["prove", "enrol", "recover", "verify phone", ""])
def test_a_code_for_another_purpose_with_the_right_nonce(olu, other):
    """S15: what was sent to sign in proves nothing else, and the other way round."""
    device = EmailCode.objects.get(user=olu)
    otp.send_code(olu, device, purpose="sign_in", nonce="n")

    with pytest.raises(otp.Refused):
        otp.check_code(olu, device, sent_code(olu), purpose=other, nonce="n")


def test_a_code_with_the_right_purpose_and_another_nonce(olu):
    device = EmailCode.objects.get(user=olu)
    otp.send_code(olu, device, purpose="sign_in", nonce="n")

    with pytest.raises(otp.Refused):
        otp.check_code(olu, device, sent_code(olu), purpose="sign_in", nonce="")


def test_the_code_of_the_sign_in_page_in_a_page_that_asks_again(visitor, another, olu, clock):
    """S15: the same mailbox, the same minute, two browsers of the same person."""
    visitor.give_code(waits(visitor, olu))
    clock.forward(minutes=2)
    code = waits(another, olu)

    visitor.post("/mfa/address/", {"address": "new@justice.example", "proof-code": code})

    assert not Message.objects.filter(template="confirm-address").exists()


def test_a_code_after_signing_out(visitor, olu, clock):
    """S15: it was sent to prove oneself in a session that is over."""
    visitor.give_code(waits(visitor, olu))
    clock.forward(minutes=2)
    visitor.post("/mfa/address/", {"address": "new@justice.example", **SEND})
    code = sent_code(olu)
    visitor.post("/accounts/logout/")
    clock.forward(minutes=1, seconds=1)
    waits(visitor, olu)

    visitor.give_code(code)

    assert not visitor.is_in or code == sent_code(olu)


def test_a_second_request_within_the_minute_kills_no_code(visitor, olu, clock):
    """The owner, impatient, clicks again: the code in their mailbox still works."""
    code = waits(visitor, olu)

    response = visitor.post("/mfa/verify/", SEND)

    assert "less than a minute ago" in response.content.decode()
    assert sent(olu) == 1
    visitor.give_code(code)
    assert visitor.is_in


def test_a_second_request_within_the_minute_kills_no_code_of_a_page_that_asks_again(visitor, olu, clock):
    visitor.give_code(waits(visitor, olu))
    clock.forward(minutes=2)
    for _ in range(2):
        response = visitor.post("/mfa/address/", {"address": "new@justice.example", **SEND})

    assert "less than a minute ago" in response.content.decode()
    visitor.post("/mfa/address/", {"address": "new@justice.example", "proof-code": sent_code(olu)})

    assert Message.objects.filter(template="confirm-address", recipient=olu).exists()


def test_a_hundred_requests_in_a_day(visitor, olu, clock):
    """S16: twenty letters at most, the first with the password; the log says once that there were too many."""
    waits(visitor, olu)

    for _ in range(100):
        clock.forward(seconds=61)
        response = visitor.post("/mfa/verify/", SEND)
        if response.status_code == 302:  # The pending sign-in is over after a quarter of an hour.
            visitor.give_password(olu)

    assert sent(olu) == 20
    assert actions_of(olu).count("door.codes_exhausted") == 1
    assert "Too many codes were sent today" in visitor.post("/mfa/verify/", SEND).content.decode()
    clock.forward(days=1)
    waits(visitor, olu)
    assert sent(olu) == 21


def test_a_code_for_somebody_without_a_verified_address(olu):
    """Nothing is sent anywhere else: not to the address of the account, not to one kept on the device."""
    olu.emailaddress_set.update(verified=False)
    EmailCode.objects.update(email="thief@elsewhere.example")

    with pytest.raises(otp.Refused, match="nowhere to send"):
        otp.send_code(olu, EmailCode.objects.get(user=olu), purpose="sign_in", nonce="n")

    assert sent(olu) == 0


def test_the_code_is_kept_nowhere_in_clear(visitor, olu):
    """S55."""
    code = waits(visitor, olu)

    kept = [str(message.context) + message.sealed + message.dedupe_key for message in Message.objects.all()]
    kept += [event.details for event in Event.objects.all()]
    kept += [EmailCode.objects.get(user=olu).token, str(dict(visitor.client.session))]

    assert not any(re.search(rf"(?<![0-9a-f]){code}(?![0-9a-f])", one) for one in kept)


# Administrators -----------------------------------------------------------------------------------------------------


def test_an_administrator_asks_for_an_email_code(visitor, olu):
    """S17: the mailbox of somebody with a role signs nobody in.  It only proves itself before they set up an app."""
    RoleHeld.objects.create(person=olu, role=Role.AUDITOR, from_on=timezone.localdate(), reason="For the test")
    assert visitor.give_password(olu)["Location"] == "/mfa/enrol/"
    code = sent_code(olu)

    visitor.give_code(code)
    visitor.post("/mfa/enrol/", {"code": code})
    visitor.post("/mfa/enrol/", {"email_codes": "1"})

    assert not visitor.is_in
    assert "app-qr" in visitor.get("/mfa/enrol/").content.decode()


@pytest.mark.parametrize("flag", ["is_staff", "is_superuser"])
def test_a_person_of_the_admin_site_asks_for_an_email_code(olu, flag):
    """S17."""
    User.objects.filter(pk=olu.pk).update(**{flag: True})

    assert policy.factors(User.objects.get(pk=olu.pk)) == []


def test_an_administrator_asks_for_a_text_message(visitor, phil):
    """S17."""
    RoleHeld.objects.create(person=phil, role=Role.AUDITOR, from_on=timezone.localdate(), reason="For the test")
    visitor.give_password(phil)

    visitor.post("/mfa/recovery/phone/", SEND)

    assert sent(phil) == 0


def test_somebody_is_made_an_administrator_while_signed_in_with_an_email_code(visitor, olu):
    """S17: the session dies with the next page, not with the next sign-in."""
    visitor.give_code(waits(visitor, olu))
    assert visitor.get("/").status_code == 200
    RoleHeld.objects.create(person=olu, role=Role.AUDITOR, from_on=timezone.localdate(), reason="For the test")

    response = visitor.get("/")

    assert response["Location"].startswith("/accounts/login/")
    assert not visitor.is_in


def test_an_email_code_session_when_the_area_withdraws_them(visitor, olu, area, clock):
    """S47: from the day on nobody goes on, and whoever signs in sets up an app, with no way around."""
    visitor.give_code(waits(visitor, olu))
    FactorRule.objects.filter(what="email_codes").update(is_on=False)

    assert visitor.get("/")["Location"].startswith("/accounts/login/")
    clock.forward(minutes=2)
    assert visitor.give_password(olu)["Location"] == "/mfa/enrol/"
    visitor.post("/mfa/enrol/", {"code": sent_code(olu)})
    shown = visitor.get("/mfa/enrol/").content.decode()

    assert "Use email codes instead" not in shown
    for forged in ({"email_codes": "1"}, {"later": "1"}, {"skip": "1"}, {"remind": "1"}):
        visitor.post("/mfa/enrol/", forged)
    assert not visitor.is_in
    assert "Remind me" not in shown
    assert not re.search(r"\blater\b", after(visitor.get("/mfa/enrol/")).text)


# The mailbox alone --------------------------------------------------------------------------------------------------


def test_the_mailbox_resets_the_password_and_then_asks_for_a_code(visitor, olu, clock):
    """S26: that would be one factor twice.  It waits for two people to release it."""
    passwords.reset(user=olu, password="a kettle sings of winter")
    clock.forward(minutes=2)

    response = visitor.give_password(olu, password="a kettle sings of winter")

    assert response["Location"] == "/mfa/blocked/"
    assert sent(olu) == 0
    assert not policy.may_enrol(User.objects.get(pk=olu.pk))


def test_a_leaked_password_before_the_first_enrolment(visitor, area):
    """Whoever has the password alone sees no QR code, and no page lets them choose e-mail codes."""
    newcomer = make_person("newcomer@justice.example", business_area=area)
    visitor.give_password(newcomer)

    visitor.post("/mfa/enrol/", {"email_codes": "1"})
    shown = visitor.get("/mfa/enrol/").content.decode()

    assert "app-qr" not in shown
    assert not EmailCode.objects.filter(confirmed=True).exists()
    assert not visitor.is_in


def test_email_codes_are_chosen_where_the_area_allows_them(visitor, area, clock):
    newcomer = make_person("newcomer@justice.example", business_area=area)
    visitor.start_enrolment(newcomer)

    visitor.post("/mfa/enrol/", {"email_codes": "1"})

    assert visitor.is_in
    assert EmailCode.objects.filter(user=newcomer, confirmed=True).exists()


def test_email_codes_are_chosen_by_a_forged_post_where_the_area_does_not_allow_them(visitor, area, clock):
    newcomer = make_person("newcomer@justice.example", business_area=BusinessArea.objects.get(key="hmcts"))
    visitor.start_enrolment(newcomer)

    response = visitor.post("/mfa/enrol/", {"email_codes": "1"})

    assert response.status_code == 409
    assert not visitor.is_in


# Text messages ------------------------------------------------------------------------------------------------------


def test_the_owner_of_the_phone_comes_back_only_to_set_up_a_new_app(visitor, phil):
    by_phone(visitor, asks_by_phone(visitor, phil))

    assert visitor.is_in
    assert visitor.get("/")["Location"] == "/mfa/replace/"
    assert visitor.get("/mfa/security/")["Location"] == "/mfa/replace/"


def test_a_text_message_five_minutes_and_a_second_old(visitor, phil, clock):
    """S16."""
    code = asks_by_phone(visitor, phil)
    clock.forward(minutes=5, seconds=1)

    by_phone(visitor, code)

    assert not visitor.is_in


def test_a_text_message_in_another_browser(visitor, another, phil, clock):
    """S16."""
    code = asks_by_phone(visitor, phil)
    another.give_password(phil)

    by_phone(another, code)

    assert not another.is_in


def test_a_text_message_in_the_box_for_the_app(visitor, phil):
    """S16: it brings back, and does not sign in."""
    code = asks_by_phone(visitor, phil)

    visitor.give_code(code)

    assert not visitor.is_in


def test_a_phone_that_nobody_verified(visitor, phil):
    """S16."""
    RecoveryPhone.objects.update(verified_at=None)

    visitor.give_password(phil)
    visitor.post("/mfa/recovery/phone/", SEND)

    assert sent(phil) == 0


def test_a_phone_that_was_changed_a_minute_ago(visitor, phil, clock):
    """S16: whoever sat at an open session for a moment waits a day, and the owner is told meanwhile."""
    add_phone(phil, "+447400123789")
    clock.forward(minutes=1)
    visitor.give_password(phil)

    visitor.post("/mfa/recovery/phone/", SEND)

    assert sent(phil) == 0
    assert Message.objects.filter(recipient=phil, template="recovery_phone_added").count() == 2
    clock.forward(days=1)
    assert policy.recovery_phone(phil)


def test_the_number_is_changed_between_its_code_and_its_confirmation(area):
    """S16: the code proved another phone than the one that would be confirmed."""
    user = make_person("sly@justice.example", business_area=area)
    give_app(user)
    proved = phones.start(number="+447400123456", by=user)
    phones.start(number="+447400123789", by=user)

    with pytest.raises(actions.NotAllowed, match="changed meanwhile"):
        phones.verify(phone=proved, by=user)

    assert not RecoveryPhone.objects.filter(confirmed=True).exists()


@pytest.mark.parametrize(
    "number",
    [
        "+1 202 555 0143", "0033 6 12 34 56 78", "+7 912 345 67 89",  # abroad
        "0906 680 1234", "+44 909 879 0123", "070 1234 5678", "0871 200 2000", "118 118",  # dear, or forwarded
        "020 7946 0018", "0161 496 0234", "0800 123 4567", "056 0123 4567", "076 1234 5678",  # no mobile phone
        "07781 123456", "07624 123456", "07700",  # Guernsey, the Isle of Man, too short
        "+44 7700 900982 ext 5;+1900", "07700900982,09066801234", "", "x", "0" * 30,
    ],
)  # fmt: skip
def test_a_number_that_costs_or_is_no_british_mobile(number):
    """S16."""
    with pytest.raises(Exception, match="Enter a UK mobile number"):
        as_mobile(number)


@pytest.mark.parametrize(
    "spelling",
    ["07400123456", "07400 123 456", "+447400123456", "0044 7400 123456", "(07400) 123-456", "+44 (0)7400 123456"],
)
def test_one_number_has_one_spelling(spelling):
    assert as_mobile(spelling) == "+447400123456"


def test_a_phone_where_nobody_carries_text_messages(phil, settings):
    settings.PORTAL_TEXT_TRANSPORT = "off"

    assert not policy.may_have_recovery_phone(phil)
    assert policy.recovery_phone(phil) is None


def test_a_phone_is_added_with_the_password_the_second_factor_and_its_own_code(visitor, area, clock):
    """R368."""
    user = make_person("ada@justice.example", business_area=area)
    app = give_app(user)
    visitor.sign_in(user)
    clock.forward(minutes=1)
    answers = {"number": NUMBER, "password": "not the password", "proof-code": code_of(app)}
    wrong = visitor.post("/mfa/phone/", answers)
    assert "The password is wrong" in wrong.content.decode()
    assert not RecoveryPhone.objects.exists()
    clock.forward(minutes=1)

    response = visitor.post("/mfa/phone/", answers | {"password": PASSWORD, "proof-code": code_of(app)})
    assert response["Location"] == "/mfa/phone/code/"
    visitor.post("/mfa/phone/code/", {"code": sent_code(user, "recovery-phone-text")})

    phone = RecoveryPhone.objects.get(user=user)
    assert phone.confirmed
    assert "7400123456" not in phone.sealed_number
    assert "123456" not in page(visitor.client, "/mfa/security/").text


def test_the_password_is_guessed_on_the_page_of_the_phone(visitor, area, clock):
    """A wrong one is recorded as on the sign-in page, and after too many the right one is refused too (R368)."""
    user = make_person("ada@justice.example", business_area=area)
    app = give_app(user)
    visitor.sign_in(user)
    answers = {"number": NUMBER, "password": "not the password"}
    clock.forward(minutes=1)

    for _ in range(5):
        visitor.post("/mfa/phone/", answers | {"proof-code": code_of(app)})
        clock.forward(seconds=30)
    response = visitor.post("/mfa/phone/", answers | {"password": PASSWORD, "proof-code": code_of(app)})

    assert "There were too many wrong passwords" in response.content.decode()
    assert actions_of(user).count("door.password_failed") == 5
    assert actions_of(user).count("door.passwords_paused") == 1
    assert not RecoveryPhone.objects.exists()


@pytest.mark.parametrize("missing", ["proof-code", "password"])
def test_a_phone_is_added_without_the_second_factor_or_the_password(visitor, area, clock, missing):
    user = make_person("ada@justice.example", business_area=area)
    app = give_app(user)
    visitor.sign_in(user)
    clock.forward(minutes=1)
    answers = {"number": NUMBER, "password": PASSWORD, "proof-code": code_of(app)}

    visitor.post("/mfa/phone/", {name: answer for name, answer in answers.items() if name != missing})

    assert not RecoveryPhone.objects.exists()


# What the pages tell ------------------------------------------------------------------------------------------------


def test_the_pages_name_no_address_and_no_number_but_ones_own(visitor, olu, phil):
    visitor.give_password(phil)
    shown = visitor.get("/mfa/verify/").content.decode() + visitor.get("/mfa/recovery/phone/").content.decode()

    assert "123456" not in shown
    assert "456" in shown
    assert not re.search(r"[\w.]+@justice\.example", shown)


@pytest.mark.parametrize(("name", "most"), [("/mfa/verify/", 16), ("/mfa/recovery/phone/", 16)])
def test_the_pages_take_few_queries(visitor, olu, django_assert_max_num_queries, name, most):
    visitor.give_password(olu)

    with django_assert_max_num_queries(most):
        visitor.get(name)


def test_a_lock_stops_what_is_sent_too(visitor, olu):
    waits(visitor, olu)
    SignInState.objects.update(failures=30)

    response = visitor.post("/mfa/verify/", SEND)

    assert response.status_code == 429
    assert sent(olu) == 1
    assert isinstance(visitor.client, Client)
