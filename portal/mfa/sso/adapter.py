"""Where does the portal differ from allauth's single sign-on?  It makes nobody, and takes no provider from a table."""

from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from django.http import HttpRequest


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest, sociallogin) -> bool:
        return False

    def list_apps(self, request: HttpRequest, provider=None, client_id=None) -> list[SocialApp]:
        # allauth would add the rows of a table, and with them whoever can write one, to the providers.
        return []
