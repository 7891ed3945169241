"""How tests walk through the pages of passwords and of recovery."""

from portal.mfa.models import TOTP
from tests.portal.mfa.conftest import PASSWORD, code_of, link_of

NEW = "a much longer new passphrase"


def ask_for_link(visitor, email, **extra):
    return visitor.post("/accounts/password/reset/", {"email": email}, **extra)


def link_in_letter():
    return link_of("Set a new password")


def set_password(visitor, link, password=NEW):
    form = visitor.client.get(link, follow=True)
    return visitor.post(form.redirect_chain[-1][0], {"password1": password}) if form.redirect_chain else form


def change_password(visitor, app, old=PASSWORD, new=NEW, **answers):
    answers = {"oldpassword": old, "password1": new, "proof-code": code_of(app), **answers}
    return visitor.post("/accounts/password/change/", answers)


def recover(visitor, user, code):
    visitor.give_password(user)
    return visitor.post("/mfa/recovery/", {"code": code})


def replace_app(visitor, user):
    visitor.post("/mfa/replace/")
    device = TOTP.objects.get(user=user, confirmed=False)
    return visitor.post("/mfa/replace/", {"code": code_of(device)})
