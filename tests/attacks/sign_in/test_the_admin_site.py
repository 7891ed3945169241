"""The admin site: the same door, nothing to change, and no secret to see."""

import pytest
from allauth.account.models import EmailAddress
from django.contrib import admin
from django.urls import path

from portal.accounts.models import BusinessArea, User
from portal.mfa import actions, policy
from portal.mfa.admin_site import PortalAdminSite
from portal.urls import urlpatterns as portal_urls
from tests.portal.mfa.conftest import PASSWORD, actions_of

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

# A site that shows people, whatever the portal's own apps register by now.
site = PortalAdminSite()
site.register([User, BusinessArea])
site.register(EmailAddress)

urlpatterns = [path("admin/", site.urls), *portal_urls[1:]]


def test_a_stranger_is_sent_to_the_front_door(visitor):
    """S49."""
    for page in ("/admin/", "/admin/accounts/user/"):
        response = visitor.client.get(page, follow=True)

        assert response.redirect_chain[-1][0] == f"/accounts/login/?next={page}"


def test_the_admin_site_has_no_password_form_of_its_own(visitor, administrator, clock):
    """S49."""
    response = visitor.post("/admin/login/", {"username": administrator.email, "password": PASSWORD, "next": "/admin/"})

    assert response.status_code == 302
    assert not visitor.is_in


def test_the_password_alone_does_not_open_the_admin_site(visitor, administrator, clock):
    """S49."""
    visitor.give_password(administrator)

    response = visitor.client.get("/admin/", follow=True)

    assert response.redirect_chain[-1][0] == "/accounts/login/?next=/admin/"


def test_somebody_who_is_no_administrator_is_refused_and_does_not_go_round_in_circles(visitor, maya, clock):
    """S49."""
    visitor.sign_in(maya)

    response = visitor.client.get("/admin/", follow=True)

    assert response.status_code == 403


def test_a_recovery_session_does_not_open_the_admin_site(visitor, administrator, clock):
    """S49."""
    code = actions.recovery_device(administrator).renew()[0]
    visitor.give_password(administrator)
    visitor.post("/mfa/recovery/", {"code": code})

    assert visitor.get("/admin/")["Location"] == "/mfa/replace/"


def test_a_recovery_code_is_no_factor_for_the_admin_site(rf, administrator):
    """S49: also if the second line let such a session through to it."""
    request = rf.get("/admin/")
    request.user, administrator.is_verified = administrator, lambda: True
    administrator.otp_device = policy.authenticator_app(administrator)
    assert site.has_permission(request)

    administrator.otp_device = policy.recovery_codes(administrator)

    assert not site.has_permission(request)


def test_an_administrator_looks_and_changes_nothing(visitor, administrator, maya, clock):
    """S49: no form for a password, no add, no change, no delete, no bulk action."""
    visitor.sign_in(administrator)
    one = f"/admin/accounts/user/{maya.pk}"

    assert visitor.get("/admin/").status_code == 200
    assert visitor.get("/admin/accounts/user/").status_code == 200
    page = visitor.get(f"{one}/change/")
    assert page.status_code == 200
    assert "Save" not in page.content.decode()
    assert visitor.get("/admin/accounts/user/add/").status_code == 403
    assert visitor.post(f"{one}/change/", {"full_name": "Mallory"}).status_code == 403
    assert visitor.post(f"{one}/delete/", {"post": "yes"}).status_code == 403
    assert visitor.get(f"{one}/password/").status_code in (302, 404)
    visitor.post("/admin/accounts/user/", {"action": "delete_selected", "_selected_action": maya.pk, "post": "yes"})
    maya.refresh_from_db()
    assert maya.full_name == "Maya"


def test_the_admin_site_shows_no_password_hash(visitor, administrator, maya, clock):
    """S50."""
    visitor.sign_in(administrator)

    page = visitor.get(f"/admin/accounts/user/{maya.pk}/change/").content.decode()

    assert maya.password not in page
    assert "md5$" not in page


def test_the_admin_site_knows_only_what_is_on_its_list():
    """S50: no device, code, address, session or event is there to be read or planted."""
    labels = {model._meta.label_lower for model in admin.site._registry}

    assert set(site._registry) == {User, BusinessArea}
    assert labels <= {
        "accounts.businessarea", "accounts.clearancelevel", "accounts.heldclearance", "accounts.postholder",
        "accounts.roleheld", "accounts.seniorcivilservant", "accounts.user", "directory.contact",
    }  # fmt: skip
    assert isinstance(admin.site._wrapped, PortalAdminSite)


def test_the_admin_sites_own_password_and_sign_out_pages_lead_to_the_portals(visitor, administrator, clock):
    """S49."""
    visitor.sign_in(administrator)
    assert visitor.get("/admin/password_change/")["Location"] == "/accounts/password/change/"
    assert visitor.get("/admin/logout/").status_code == 405

    visitor.post("/admin/logout/")

    assert not visitor.is_in
    assert actions_of(administrator)[-1] == "door.signed_out"
