"""Where do pages offer single sign-on?  Nowhere, at no cost, where it is not configured."""

from django import template

from portal.mfa.sso import policy

register = template.Library()


@register.inclusion_tag("mfa/sso_button.html", takes_context=True)
def single_sign_on_button(context: template.Context) -> dict:
    """The form that starts a sign-in at Entra, on the page to sign in."""
    request = context["request"]
    return {
        "is_configured": policy.is_configured(),
        "csrf_token": context.get("csrf_token"),
        "next": request.GET.get("next", ""),
    }


@register.inclusion_tag("mfa/sso_row.html", takes_context=True)
def single_sign_on_row(context: template.Context) -> dict:
    """The row of a person's link on the page about their sign-in."""
    is_configured = policy.is_configured()
    link = policy.link_of(context["request"].user) if is_configured else None
    return {"is_configured": is_configured, "link": link}


@register.simple_tag
def has_single_sign_on() -> bool:
    """Whether somebody may have come here who has no password to forget."""
    return policy.is_configured()


@register.simple_tag(takes_context=True)
def has_password(context: template.Context) -> bool:
    """Whether there is a password to change."""
    return not policy.has_only_single_sign_on(context["request"].user)
