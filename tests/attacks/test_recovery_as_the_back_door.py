"""Whoever cannot get past the second factor asks for it to be taken away: S6, S29, S30, S31."""

import datetime
import io
import threading

import pytest
from django.contrib.auth.management.commands.changepassword import Command as ChangePassword
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connections, transaction
from django.test import Client
from django.utils import timezone
from django_otp.plugins.otp_static.management.commands.addstatictoken import Command as AddStaticToken

from portal.accounts.models import Role, User
from portal.audit.models import Event
from portal.mfa import actions, policy, resets
from portal.mfa.actions import NotAllowed
from portal.mfa.models import TOTP, Release, ResetRequest
from portal.notifications.models import Message
from tests.people import give_role, make_cast, sign_in
from tests.portal.mfa.conftest import (  # noqa: F401
    PASSWORD,
    Visitor,
    another,
    clock,
    code_of,
    give_app,
    maya,
    no_counts,
    quiet,
    recovery_codes,
    visitor,
)
from tests.portal.mfa.pages import NEW, ask_for_link, link_in_letter, set_password
from tests.portal.people.administering import another_administrator, area_administrator, send, url
from tests.travel.pages import page

pytestmark = pytest.mark.django_db
HOW = "I met them in the canteen and saw their pass."


@pytest.fixture
def uma(cast):
    return User.objects.get(pk=give_an_app(cast.user_administrator).pk)


@pytest.fixture
def una(uma):
    return another_administrator()


@pytest.fixture
def victim(maya, cast) -> User:  # noqa: F811
    """Maya works for Mark Manager, who works for Sana Senior."""
    User.objects.filter(pk=maya.pk).update(line_manager=cast.manager, business_area=cast.traveller.business_area)
    return User.objects.get(pk=maya.pk)


def give_an_app(user: User) -> User:
    TOTP.objects.get_or_create(user=user, name="app", confirmed=True)
    return user


def asked_for(person: User, by: User | None = None) -> ResetRequest:
    return resets.ask(person, reason="Everything is in the river.", by=by or person)


def now(request: ResetRequest) -> ResetRequest:
    return ResetRequest.objects.select_related("person").get(pk=request.pk)


def is_untouched(person: User) -> bool:
    return policy.authenticator_app(person) is not None and not User.objects.get(pk=person.pk).enrolment_open


# With the password, and perhaps the mailbox ---------------------------------------------------------------------------


def test_a_thief_with_password_and_mailbox_asks_for_a_reset_and_enrols_at_once(visitor, victim, clock):  # noqa: F811
    """S6: asking opens nothing, and its owner is told."""
    visitor.give_password(victim)

    visitor.post("/mfa/lost/", {"reason": "I lost my phone."})

    assert "It waits for two people" in visitor.get("/mfa/lost/").content.decode()
    assert visitor.get("/mfa/enrol/")["Location"] == "/accounts/login/"
    assert not visitor.is_in
    assert is_untouched(victim)
    assert Message.objects.filter(recipient=victim, template="reset_asked").exists()


def test_a_thief_asks_from_the_page_that_says_that_enrolment_is_closed(visitor, victim, clock):  # noqa: F811
    """S6: the pending sign-in that may ask may do nothing else."""
    TOTP.objects.filter(user=victim).delete()
    actions.recovery_device(victim).delete()
    assert visitor.give_password(victim)["Location"] == "/mfa/blocked/"

    assert visitor.get("/mfa/lost/").status_code == 200
    visitor.post("/mfa/lost/", {"reason": "I lost my phone."})

    assert ResetRequest.objects.get().person == victim
    for path in ("/mfa/enrol/", "/mfa/verify/", "/mfa/recovery/"):
        visitor.give_password(victim)
        for answer in (visitor.get(path), visitor.post(path, {"code": "000000"})):
            assert answer["Location"] == "/accounts/login/"
    assert not visitor.is_in


@pytest.mark.parametrize("session", ["nobody", "half asked", "signed in"])
def test_the_page_that_asks_is_opened_without_a_password_a_moment_ago(visitor, victim, clock, session):  # noqa: F811
    """S3, S6."""
    if session == "half asked":
        visitor.give_password(victim)
        actions.end_sessions(victim)
    elif session == "signed in":
        visitor.sign_in(victim)

    answers = visitor.get("/mfa/lost/"), visitor.post("/mfa/lost/", {"reason": "I lost my phone."})

    for answer in answers:
        assert answer["Location"] == ("/" if session == "signed in" else "/accounts/login/")
    assert not ResetRequest.objects.exists()


@pytest.mark.parametrize("has_app", [True, False])
def test_a_thief_reads_the_link_to_a_new_password_while_a_reset_waits(visitor, victim, cast, clock, has_app):  # noqa: F811
    """S6, S26: or the mailbox alone would give both proofs of an enrolment once two good people release it."""
    if not has_app:
        actions.forget_factors(victim)
    request = asked_for(victim)
    clock.forward(minutes=1)
    ask_for_link(visitor, victim.email)
    set_password(visitor, link_in_letter())

    with pytest.raises(NotAllowed, match="The password was reset by email"):
        resets.release(request, how=HOW, by=cast.manager)

    assert not Release.objects.exists()


def test_a_thief_reads_the_link_to_a_new_password_after_the_release(visitor, victim, cast, una, clock):  # noqa: F811
    """S6, S26: the release was for somebody who knew the password."""
    request = asked_for(victim)
    resets.release(request, how=HOW, by=cast.manager)
    resets.release(request, how=HOW, by=una)
    clock.forward(minutes=1)
    ask_for_link(visitor, victim.email)
    set_password(visitor, link_in_letter())

    response = visitor.give_password(victim, NEW)

    assert response["Location"] == "/mfa/blocked/"


def test_after_two_releases_the_password_alone_enrols_no_thief(visitor, victim, cast, una, clock):  # noqa: F811
    """S6: the mailbox is asked as at the first enrolment (ASVS 6.4.4)."""
    request = asked_for(victim)
    resets.release(request, how=HOW, by=cast.manager)
    resets.release(request, how=HOW, by=una)

    assert visitor.give_password(victim)["Location"] == "/mfa/enrol/"
    device = TOTP.objects.get(user=victim, confirmed=False)
    answer = visitor.post("/mfa/enrol/", {"code": code_of(device)})

    assert "app-qr" not in answer.content.decode()
    assert not visitor.is_in
    assert policy.authenticator_app(victim) is None


def test_one_release_is_not_enough(visitor, victim, cast, clock):  # noqa: F811
    """S6, S29."""
    resets.release(asked_for(victim), how=HOW, by=cast.manager)

    assert visitor.give_password(victim)["Location"] == "/mfa/verify/"
    assert is_untouched(victim)


def test_a_live_session_of_the_thief_outlives_the_release(visitor, victim, cast, una, clock):  # noqa: F811
    visitor.sign_in(victim)
    request = asked_for(victim)
    resets.release(request, how=HOW, by=cast.manager)

    resets.release(request, how=HOW, by=una)

    assert visitor.get("/")["Location"].startswith("/accounts/login/")


# An administrator gone bad --------------------------------------------------------------------------------------------


def test_an_administrator_releases_their_own_reset(uma):
    """S29: they do not even see it, and nor does the database allow it."""
    request = asked_for(uma)
    browser = sign_in(Client(), uma)

    for name in ("reset", "reset-release", "reset-refuse"):
        assert browser.get(url(name, request.reference)).status_code == 404
        assert browser.post(url(name, request.reference), {"how": HOW}).status_code in (404, 405)
    with pytest.raises(NotAllowed, match="their own"):
        resets.release(request, how=HOW, by=uma)
    with pytest.raises(IntegrityError), transaction.atomic():
        Release.objects.create(request=request, person=uma, released_by=uma, is_from_the_line=False, how=HOW)


def test_an_administrator_asks_releases_and_releases_again_alone(victim, uma):
    """S29: the person counts, not the session, nor how fresh the code is."""
    request = asked_for(victim, by=uma)
    assert send(uma, url("reset-release", request.reference), how=HOW).status_code == 302

    second = send_anyway(uma, url("reset-release", request.reference))

    assert second.status_code == 403
    assert is_untouched(victim)
    with pytest.raises(IntegrityError), transaction.atomic():
        Release.objects.create(request=request, person=victim, released_by=uma, is_from_the_line=False, how=HOW)


def send_anyway(user: User, address: str):
    """Post without opening the page first."""
    device = TOTP.objects.get(user=user)
    TOTP.objects.filter(pk=device.pk).update(last_t=-1)
    return sign_in(Client(), User.objects.get(pk=user.pk)).post(address, {"how": HOW, "proof-code": code_of(device)})


def test_the_database_refuses_two_releases_of_one_line(victim, cast):
    """S29."""
    request = asked_for(victim)
    resets.release(request, how=HOW, by=cast.manager)

    with pytest.raises(IntegrityError), transaction.atomic():
        Release.objects.create(request=request, person=victim, released_by=cast.senior, is_from_the_line=True, how=HOW)


@pytest.mark.parametrize("name", ["reset-release", "reset-refuse"])
@pytest.mark.parametrize("code", ["", "000000"])
def test_an_open_session_of_an_administrator_releases_without_a_code(victim, uma, name, code):
    """S29, S32: however fresh the last code of the session is."""
    request = asked_for(victim)
    browser = sign_in(Client(), uma)
    answers = page(browser, url(name, request.reference)).form(how=HOW, reason="No.", proof__code=code)

    response = browser.post(url(name, request.reference), answers)

    assert response.status_code == 200
    assert HOW in response.content.decode() or "No." in response.content.decode()  # What was typed is not lost.
    assert now(request).state == ResetRequest.State.WAITING
    assert not Release.objects.exists()


def test_an_open_session_of_an_administrator_asks_for_somebody_without_a_code(victim, uma):
    """S29, S32."""
    browser = sign_in(Client(), uma)

    browser.post(url("reset-ask"), {"email": victim.email, "reason": "He rang."})

    assert not ResetRequest.objects.exists()


def test_an_administrator_takes_over_a_second_one_and_releases_as_both(victim, uma, una, clock):  # noqa: F811
    """S29: whose own factors were reset a moment ago releases nothing for a week."""
    third = another_administrator("Ulf Useradmin")
    first = asked_for(una)
    resets.release(first, how=HOW, by=uma)
    resets.release(first, how=HOW, by=third)
    device = actions.start_app(User.objects.get(pk=una.pk))
    actions.enrol(device=device)
    clock.forward(days=6)
    request = asked_for(victim)
    resets.release(request, how=HOW, by=uma)

    with pytest.raises(NotAllowed, match="Your own sign-in was reset"):
        resets.release(request, how=HOW, by=una)

    assert not resets.awaiting(una).exists()
    assert is_untouched(victim)
    clock.forward(days=1, seconds=1)
    resets.release(asked_again(request), how=HOW, by=una)
    assert now(request).state == ResetRequest.State.RELEASED


def asked_again(request: ResetRequest) -> ResetRequest:
    return ResetRequest.objects.get(pk=request.pk)


def test_a_release_behind_the_owners_back(victim, cast, una):
    """S29: each step is told to the owner and written down with its name."""
    request = asked_for(victim)
    resets.release(request, how=HOW, by=cast.manager)
    resets.release(request, how=HOW, by=una)

    letters = list(Message.objects.filter(recipient=victim).order_by("pk").values_list("template", flat=True))
    assert letters[-3:] == ["reset_asked", "reset_released_by_one", "reset_released"]
    events = Event.objects.filter(action="door.reset_released").order_by("id")
    assert [event.actor for event in events] == [str(cast.manager.pk), str(una.pk)]


# The help desk --------------------------------------------------------------------------------------------------------


def test_a_caller_talks_the_service_desk_into_resetting_an_administrator(uma, cast):
    """S30: the desk may not even ask for one, and is not told why."""
    desk = give_an_app(cast.service_desk)

    response = send(desk, url("reset-ask"), email=uma.email, reason="He sounded like her.")

    assert "You cannot ask for anybody with this address" in response.content.decode()
    with pytest.raises(PermissionDenied):
        resets.ask(uma, reason="He sounded like her.", by=desk)
    assert not ResetRequest.objects.exists()


def test_the_service_desk_releases_what_it_asked_for(victim, cast):
    """S30: it reads how far it is, and no more."""
    desk = give_an_app(cast.service_desk)
    request = asked_for(victim, by=desk)
    browser = sign_in(Client(), desk)

    assert browser.get(url("reset", request.reference)).status_code == 200
    assert send_anyway(desk, url("reset-release", request.reference)).status_code == 403
    with pytest.raises(NotAllowed):
        resets.release(request, how=HOW, by=desk)


@pytest.mark.parametrize("privilege", [Role.SERVICE_DESK, Role.USER_ADMINISTRATOR, "superuser", "staff"])
def test_managers_and_area_administrators_open_the_account_of_somebody_with_privileges(cast, victim, privilege):
    """S30: only user administrators do, and not one who is of the person's own line."""
    if isinstance(privilege, Role):
        give_role(victim, privilege)
    else:
        User.objects.filter(pk=victim.pk).update(**{f"is_{privilege}": True})
    amir = area_administrator(victim.business_area)
    give_role(cast.senior, Role.USER_ADMINISTRATOR)
    request = asked_for(User.objects.get(pk=victim.pk))

    for who in (cast.manager, amir, cast.senior, cast.superuser, cast.service_desk):
        with pytest.raises(NotAllowed):
            resets.release(request, how=HOW, by=who)
        assert not resets.awaiting(who).exists()
    for who in (another_administrator(), another_administrator("Ulf Useradmin")):
        resets.release(request, how=HOW, by=who)

    assert now(request).state == ResetRequest.State.RELEASED


def test_a_release_of_the_line_counts_on_after_the_person_became_an_administrator(cast, victim, una):
    """S30: what was enough for a plain account is not enough for the account that it has become."""
    request = asked_for(victim)
    resets.release(request, how=HOW, by=cast.manager)
    give_role(victim, Role.USER_ADMINISTRATOR)

    resets.release(request, how=HOW, by=una)

    assert now(request).state == ResetRequest.State.WAITING
    assert is_untouched(victim)


@pytest.mark.parametrize("who", ["colleague", "security", "auditor", "superuser", "governor"])
def test_somebody_looks_for_requests_of_others(victim, cast, who):
    """The reference is short enough to be guessed; it opens nothing."""
    request = asked_for(victim)
    browser = sign_in(Client(), getattr(cast, who))

    for name in ("reset", "reset-release", "reset-refuse"):
        assert browser.get(url(name, request.reference)).status_code == 404
    assert request.reference not in browser.get(url("resets")).content.decode()


# On the console -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "instead"),
    [
        (["createsuperuser", "--email", "eve@justice.example", "--noinput"], "create_administrator"),
        (["changepassword", "maya@justice.example"], "ask for a link"),
        (["addstatictoken", "-t", "abcdefgh", "maya@justice.example"], "break_glass"),
    ],
)
def test_the_console_makes_a_way_in_that_nothing_tells_of(victim, words, instead):
    """S31: the three commands of others refuse, whatever they are given, and name what is audited."""
    before = (User.objects.count(), victim.password)

    with pytest.raises(CommandError, match=instead):
        call_command(*words)
    with pytest.raises(CommandError, match=instead):
        call_command(words[0], stdout=io.StringIO())

    assert (User.objects.count(), User.objects.get(pk=victim.pk).password) == before


def test_what_the_commands_of_others_really_open(visitor, victim, recovery_codes, clock, monkeypatch):  # noqa: F811
    """S31: run past ours, a password set so still meets the second factor, and a token in the clear opens nothing."""
    monkeypatch.setattr(ChangePassword, "_get_pass", lambda self, prompt="": "another long passphrase")
    call_command(ChangePassword(), victim.email, stdout=io.StringIO())
    call_command(AddStaticToken(), victim.email, token="abcdefgh", stdout=io.StringIO())

    assert visitor.give_password(victim, "another long passphrase")["Location"] == "/mfa/verify/"
    visitor.post("/mfa/recovery/", {"code": "abcdefgh"})

    assert not policy.recovery_codes(victim).knows("abcdefgh")
    assert not visitor.is_in


# Two at once ----------------------------------------------------------------------------------------------------------


def at_once(*deeds) -> list[str]:
    """Start all at the same moment; return how each ended."""
    start, ends = threading.Barrier(len(deeds)), []

    def run(deed):
        start.wait()
        try:
            deed()
            ends.append("done")
        except (NotAllowed, IntegrityError) as refusal:
            ends.append(type(refusal).__name__)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(ends)


@pytest.fixture
def people(transactional_db):
    cast = make_cast()
    User.objects.filter(pk=cast.traveller.pk).update(enrolment_open=True)
    give_app(User.objects.get(pk=cast.traveller.pk))
    return cast


@pytest.mark.postgresql
@pytest.mark.parametrize("round_", range(5))
def test_two_second_releases_at_once(people, round_):
    una = another_administrator()
    request = asked_for(people.traveller)
    resets.release(request, how=HOW, by=people.manager)

    ends = at_once(
        lambda: resets.release(request, how=HOW, by=una),
        lambda: resets.release(request, how=HOW, by=people.user_administrator),
    )

    assert ends == ["NotAllowed", "done"]
    assert Event.objects.filter(action="door.factors_reset").count() == 1
    assert Release.objects.count() == 2


@pytest.mark.postgresql
@pytest.mark.parametrize("round_", range(5))
def test_one_person_releases_twice_in_parallel(people, round_):
    request = asked_for(people.traveller)

    ends = at_once(*[lambda: resets.release(request, how=HOW, by=people.user_administrator)] * 2)

    assert ends == ["NotAllowed", "done"]
    assert now(request).state == ResetRequest.State.WAITING


@pytest.mark.postgresql
@pytest.mark.parametrize("round_", range(5))
def test_a_release_against_a_refusal(people, round_):
    request = asked_for(people.traveller)
    resets.release(request, how=HOW, by=people.manager)

    ends = at_once(
        lambda: resets.release(request, how=HOW, by=people.user_administrator),
        lambda: resets.refuse(request, reason="It was not her.", by=people.manager),
    )

    # The refusal may come after the release, and then stops it; the release never after the refusal.
    assert "done" in ends
    assert now(request).state == ResetRequest.State.REFUSED
    assert not policy.may_enrol(User.objects.get(pk=people.traveller.pk))


@pytest.mark.postgresql
@pytest.mark.parametrize("round_", range(5))
def test_an_enrolment_against_the_stop_of_its_release(people, round_):
    request = asked_for(people.traveller)
    resets.release(request, how=HOW, by=people.manager)
    resets.release(request, how=HOW, by=people.user_administrator)
    device = actions.start_app(User.objects.get(pk=people.traveller.pk))

    ends = at_once(
        lambda: actions.enrol(device=device),
        lambda: resets.refuse(request, reason="It was not her.", by=people.manager),
    )

    assert ends == ["NotAllowed", "done"]
    used = now(request).state == ResetRequest.State.USED
    assert used == (policy.authenticator_app(people.traveller) is not None)


@pytest.mark.postgresql
def test_two_ask_at_once(people):
    deeds = [lambda by=by: asked_for(people.traveller, by=by) for by in (people.traveller, people.service_desk)]

    assert at_once(*deeds) == ["NotAllowed", "done"]
    assert ResetRequest.objects.get().asked_at <= timezone.now() + datetime.timedelta(seconds=1)
