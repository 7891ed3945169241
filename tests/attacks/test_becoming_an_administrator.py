"""What somebody tries who wants more rights, for themselves or for a friend (S36).

An administrator is made by two others who each prove themselves, and only of somebody with a key or an app.  What the
portal cannot see: two accounts that belong to one person, and whoever writes into the database by hand.
"""

import ast
import datetime
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connections
from django.test import Client

from portal.accounts.models import ADMINISTRATORS, Role, RoleHeld, User
from portal.lifecycle import NotPossible
from portal.mfa.models import TOTP
from portal.people.actions import roles
from portal.people.models import RoleProposal
from tests.people import give_role, sign_in
from tests.portal.mfa.conftest import code_of
from tests.portal.people.administering import (
    DAY,
    another_administrator,
    area_administrator,
    give_app,
    propose,
    send,
    today,
    url,
)
from tests.travel.pages import after, page

FLAGS = {"is_superuser", "is_staff"}
FORBIDDEN_FIELDS = FLAGS | {"groups", "user_permissions", "security_epoch", "roles_held"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def uma(cast) -> User:
    return give_app(cast.user_administrator)


@pytest.fixture
def una(cast) -> User:
    return another_administrator()


def rights() -> list[tuple]:
    """Everything that gives anybody anything."""
    held = RoleHeld.objects.order_by("pk").values_list("person", "role", "business_area", "from_on", "to_on")
    flags = User.objects.order_by("pk").values_list("pk", "is_staff", "is_superuser")
    return [*held, *flags]


# Without a second administrator -------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ADMINISTRATORS)
def test_one_administrator_makes_another_alone(cast, uma, role):
    with pytest.raises(PermissionDenied):
        roles.give_role(give_app(cast.colleague), role=role, from_on=today(), reason="Quick.", by=uma)


def test_an_administrator_takes_a_role_themselves(cast, uma):
    browser = sign_in(Client(), uma)
    before = rights()

    assert browser.get(url("role-give", uma.pk)).status_code == 403
    assert browser.post(url("role-give", uma.pk), {"role": "auditor", "reason": "Me."}).status_code == 403
    with pytest.raises(PermissionDenied):
        roles.give_role(uma, role="auditor", from_on=today(), reason="Me.", by=uma)
    with pytest.raises(PermissionDenied):
        propose(uma, uma)

    assert rights() == before


def test_a_proposer_agrees_with_themselves_in_a_second_browser(cast, uma):
    """S29 is the same for factors: the person counts, not the session, however fresh its code."""
    proposal = propose(cast.colleague, uma)
    first, second = sign_in(Client(), uma), sign_in(Client(), uma)
    held = page(first, url("role-proposal-take-back", proposal.pk)).held

    answers = {"decision": "accept", "proof-code": code_of(TOTP.objects.get(user=uma)), "form_id": held["form_id"]}
    response = second.post(url("role-proposal", proposal.pk), answers)

    assert response.status_code == 403
    with pytest.raises(PermissionDenied):
        roles.accept_proposal(proposal, by=uma)
    assert not cast.colleague.roles_held.exists()


def test_the_proposed_person_agrees_themselves(cast, uma, una):
    proposal = propose(una, uma)

    for answer in (roles.accept_proposal, lambda one, by: roles.refuse_proposal(one, answer="No.", by=by)):
        with pytest.raises(PermissionDenied):
            answer(proposal, by=una)
    assert not una.has_role(Role.POLICY_ADMINISTRATOR)


@pytest.mark.parametrize("who", ["superuser", "security", "auditor", "colleague"])
def test_somebody_who_administers_no_users_agrees(cast, uma, who):
    proposal = propose(cast.traveller, uma)
    somebody = getattr(cast, who)

    assert sign_in(Client(), somebody).get(url("role-proposal", proposal.pk)).status_code == 404
    with pytest.raises(PermissionDenied):
        roles.accept_proposal(proposal, by=somebody)


def test_an_area_administrator_proposes_or_agrees(cast, uma):
    """They look after the accounts of an area, and give nothing: it could reach beyond their area."""
    amir = give_app(area_administrator(cast.officer.business_area))
    proposal = propose(cast.officer, uma)

    with pytest.raises(PermissionDenied):
        propose(cast.officer, amir, role=Role.USER_ADMINISTRATOR)
    with pytest.raises(PermissionDenied):
        roles.accept_proposal(proposal, by=amir)
    assert sign_in(Client(), amir).get(url("role-proposal", proposal.pk)).status_code == 404


# With a proposal that is not what it was ----------------------------------------------------------------------------


def test_a_proposal_outlives_the_role_of_its_proposer(cast, uma, una):
    proposal = propose(cast.colleague, uma)
    roles.end_role(uma.roles_held.get(), last_on=today() - DAY, reason="Caught.", by=una)

    shown = after(send(una, url("role-proposal", proposal.pk), decision="accept"))

    assert shown.status == 409
    assert "Uma Useradmin, who proposed this, is not a user administrator any more" in shown.errors[0]
    assert not cast.colleague.roles_held.exists()


@pytest.mark.parametrize("gone", [{"is_active": False}, {"ends_on": datetime.date(2020, 1, 1)}])
def test_a_proposal_outlives_its_proposer(cast, uma, una, gone):
    proposal = propose(cast.colleague, uma)
    User.objects.filter(pk=uma.pk).update(**gone)

    with pytest.raises(NotPossible, match="not a user administrator any more"):
        roles.accept_proposal(proposal, by=una)


def test_an_administrator_who_was_deactivated_agrees(cast, uma, una):
    proposal = propose(cast.colleague, uma)
    User.objects.filter(pk=una.pk).update(is_active=False)

    with pytest.raises(PermissionDenied):
        roles.accept_proposal(proposal, by=una)


def test_somebody_without_a_key_or_an_app_is_proposed(cast, uma):
    shown = after(send(uma, url("role-give", cast.colleague.pk), role="user_administrator", reason="Quick."))

    assert "has to set up a security key or an authenticator app" in shown.errors[0]
    assert not RoleProposal.objects.exists()


def test_the_proposed_person_loses_their_app_before_the_answer(cast, uma, una):
    proposal = propose(cast.colleague, uma)
    TOTP.objects.filter(user=cast.colleague).update(confirmed=False)

    shown = after(send(una, url("role-proposal", proposal.pk), decision="accept"))

    assert "has to set up a security key or an authenticator app" in shown.errors[0]
    assert not cast.colleague.roles_held.exists()


def test_the_proposed_person_leaves_before_the_answer(cast, uma, una):
    proposal = propose(cast.colleague, uma)
    User.objects.filter(pk=cast.colleague.pk).update(is_active=False)

    with pytest.raises(NotPossible, match="does not work here any more"):
        roles.accept_proposal(proposal, by=una)


def test_a_proposal_is_accepted_twice(cast, uma, una):
    proposal = propose(cast.colleague, uma)
    roles.accept_proposal(proposal, by=una)

    with pytest.raises(NotPossible, match="This was settled"):
        roles.accept_proposal(proposal, by=una)
    assert cast.colleague.roles_held.count() == 1


def test_a_proposal_that_was_refused_or_taken_back_is_accepted(cast, uma, una):
    refused, taken_back = propose(cast.colleague, uma), propose(cast.traveller, uma)
    roles.refuse_proposal(refused, answer="No.", by=una)
    roles.take_back_proposal(taken_back, by=uma)

    for proposal in (refused, taken_back):
        with pytest.raises(NotPossible, match="This was settled"):
            roles.accept_proposal(proposal, by=una)


def test_a_proposal_overlaps_a_role_that_came_meanwhile(cast, uma, una):
    proposal = propose(cast.colleague, uma)
    give_role(cast.colleague, Role.POLICY_ADMINISTRATOR)

    shown = after(send(una, url("role-proposal", proposal.pk), decision="accept"))

    assert shown.status == 409
    assert "has this role" in shown.errors[0]


# With somebody else's proof -----------------------------------------------------------------------------------------


def test_a_code_gives_two_roles(cast, uma):
    browser, device = sign_in(Client(), uma), TOTP.objects.get(user=uma)
    code = code_of(device)
    address = url("role-give", cast.colleague.pk)

    answers = [
        browser.post(address, page(browser, address).form(role=role, reason="Both.", proof__code=code))
        for role in ("auditor", "privacy")
    ]

    assert [answer.status_code for answer in answers] == [302, 200]
    assert [held.role for held in cast.colleague.roles_held.all()] == ["auditor"]


def test_the_code_of_a_colleague_proves_somebody_else(cast, uma, una):
    response = send(
        uma, url("role-give", cast.colleague.pk), role="auditor", reason="x",
        proof__code=code_of(TOTP.objects.get(user=una)),
    )  # fmt: skip

    assert response.status_code == 200
    assert not cast.colleague.roles_held.exists()


def test_the_page_of_one_person_is_sent_for_another(cast, uma):
    browser = sign_in(Client(), uma)
    held = page(browser, url("role-give", cast.colleague.pk)).form(
        role="auditor", reason="x", proof__code=code_of(TOTP.objects.get(user=uma))
    )

    response = browser.post(url("role-give", cast.traveller.pk), held)

    assert response.status_code == 403
    assert not cast.traveller.roles_held.exists()


# By another way -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["accounts/roleheld/", "accounts/user/", "people/roleproposal/", "auth/group/"])
def test_the_admin_site_writes_a_role(cast, path):
    browser = sign_in(Client(), cast.superuser)
    before = rights()
    facts = {
        "person": cast.colleague.pk, "role": "user_administrator", "from_on": "2020-01-01", "reason": "x",
        "is_staff": "on", "is_superuser": "on", "email": cast.colleague.email, "full_name": "x",
    }  # fmt: skip

    answers = [browser.post(f"/admin/{path}{way}", facts) for way in ("add/", f"{cast.colleague.pk}/change/")]
    answers.append(browser.post(f"/admin/{path}", {"action": "delete_selected", "_selected_action": "1"}))

    assert {answer.status_code for answer in answers} <= {403, 404}
    assert rights() == before


def test_a_group_and_every_permission_of_django_make_nobody_anything(cast, uma):
    group = Group.objects.create(name="user_administrator")
    group.permissions.set(Permission.objects.all())
    cast.colleague.groups.add(group)
    cast.colleague.user_permissions.set(Permission.objects.all())
    browser = sign_in(Client(), cast.colleague)

    assert [browser.get(url(name)).status_code for name in ("index", "roles", "role-proposals")] == [403] * 3
    assert browser.get("/admin/").status_code in (302, 403)


def test_a_superuser_gives_roles(cast):
    browser = sign_in(Client(), cast.superuser)

    assert browser.get(url("role-give", cast.colleague.pk)).status_code == 404
    with pytest.raises(PermissionDenied):
        roles.give_role(cast.colleague, role="auditor", from_on=today(), reason="x", by=cast.superuser)


def test_more_is_posted_than_the_page_asks(cast, uma):
    """Mass assignment: what a form does not ask does nothing."""
    extra = {
        "is_staff": "on", "is_superuser": "on", "groups": "1", "person": uma.pk, "given_by": cast.auditor.pk,
        "certified_on": "2099-01-01", "by": cast.auditor.pk, "roles_held": "user_administrator",
    }  # fmt: skip

    send(uma, url("role-give", cast.colleague.pk), role="auditor", reason="Audit.", **extra)

    held, colleague = cast.colleague.roles_held.get(), User.objects.get(pk=cast.colleague.pk)
    assert (held.role, held.person, held.given_by, held.certified_on) == ("auditor", colleague, uma, None)
    assert (colleague.is_staff, colleague.is_superuser) == (False, False)


def every_form(base: type = forms.BaseForm) -> set[type]:
    return {base} | {form for child in base.__subclasses__() for form in every_form(child)}


def test_no_form_of_the_portal_asks_for_a_flag(cast):
    import portal.urls  # noqa: F401  Loads every page, and so every form.

    ours = [form for form in every_form() if form.__module__.startswith(("portal.", "travel."))]

    assert len(ours) > 20
    assert {form for form in ours if FORBIDDEN_FIELDS & set(getattr(form, "base_fields", ()))} == set()


def the_code() -> Iterator[tuple[str, ast.AST]]:
    """Yield each node of the product's own code, with the path of its file."""
    for folder in ("portal", "travel"):
        for path in (Path(settings.BASE_DIR) / folder).rglob("*.py"):
            if "migrations" not in path.parts:
                name = path.relative_to(settings.BASE_DIR).as_posix()
                yield from ((name, node) for node in ast.walk(ast.parse(path.read_text())))


def sets_a_flag(node: ast.AST) -> bool:
    """Say whether this gives somebody a flag: a keyword of a call that asks nothing, or an assignment but of False."""
    if isinstance(node, ast.Call):
        called = getattr(node.func, "attr", getattr(node.func, "id", ""))
        return called not in ("Q", "filter", "exclude") and any(word.arg in FLAGS for word in node.keywords)
    if isinstance(node, ast.Assign) and ast.unparse(node.value) != "False":  # Closing an account clears both.
        # A form may well have an answer of that name; the page itself is no person.
        stored = [target for target in node.targets if isinstance(target, ast.Attribute) and target.attr in FLAGS]
        return any(ast.unparse(target.value) not in ("self", "form") for target in stored)
    return False


def test_no_code_but_the_command_on_the_console_sets_a_flag():
    """Who may open the admin site is set by ``create_superuser``, and only ``create_administrator`` leads to that."""
    setting = {name for name, node in the_code() if sets_a_flag(node)}
    calls = [
        (name, node.func.attr)
        for name, node in the_code()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]

    assert setting == {"portal/accounts/models.py"}
    assert {call for call in calls if call[1] in ("create_superuser", "make_administrator")} == {
        ("portal/mfa/actions.py", "create_superuser"),
        ("portal/mfa/management/commands/create_administrator.py", "make_administrator"),
    }


# Two at once --------------------------------------------------------------------------------------------------------


def at_once(*deeds: Callable[[], object]) -> list[str]:
    """Start all at the same moment; return how each ended."""
    start, ends = threading.Barrier(len(deeds)), []

    def run(deed):
        start.wait()
        try:
            deed()
            ends.append("done")
        except (NotPossible, PermissionDenied, IntegrityError) as refusal:
            ends.append(type(refusal).__name__)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(ends)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    """Only real transactions on PostgreSQL can show it."""

    def test_two_administrators_accept_one_proposal(self, cast, uma, una):
        ulf = another_administrator("Ulf Useradmin")
        for _ in range(5):
            proposal = propose(cast.colleague, uma)

            ends = at_once(
                *(lambda by=by, proposal=proposal: roles.accept_proposal(proposal, by=by) for by in (una, ulf))
            )

            assert ends == ["NotPossible", "done"]
            cast.colleague.roles_held.get().delete()

    def test_one_accepts_while_the_proposer_takes_it_back(self, cast, uma, una):
        for _ in range(5):
            proposal = propose(cast.colleague, uma)

            ends = at_once(
                lambda proposal=proposal: roles.accept_proposal(proposal, by=una),
                lambda proposal=proposal: roles.take_back_proposal(proposal, by=uma),
            )

            proposal.refresh_from_db()
            assert ends == ["NotPossible", "done"]
            assert cast.colleague.roles_held.exists() is proposal.is_accepted
            cast.colleague.roles_held.all().delete()

    def test_the_last_two_administrators_end_each_other(self, cast, uma, una):
        for _ in range(5):
            pair = [user.roles_held.get() for user in (uma, una)]

            ends = at_once(
                lambda held=pair[0]: roles.end_role(held, last_on=today() - DAY, reason="x", by=una),
                lambda held=pair[1]: roles.end_role(held, last_on=today() - DAY, reason="x", by=uma),
            )

            assert ends == ["PermissionDenied", "done"]
            assert RoleHeld.objects.in_force().filter(role=Role.USER_ADMINISTRATOR).count() == 1
            RoleHeld.objects.filter(role=Role.USER_ADMINISTRATOR).update(to_on=None)

    def test_the_same_role_is_given_twice(self, cast, uma, una):
        for _ in range(5):
            ends = at_once(
                *(
                    lambda by=by: roles.give_role(cast.colleague, role="auditor", from_on=today(), reason="x", by=by)
                    for by in (uma, una)
                )
            )

            assert ends == ["NotPossible", "done"]
            cast.colleague.roles_held.all().delete()
