"""The admin site: read-only, behind the same door, and blind to every secret."""

from allauth.account.adapter import get_adapter
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from django_otp.admin import OTPAdminSite

from . import policy

# What may be looked at.  An allow-list, because unregister() would miss every app that loads later: the stock admins of
# django-otp and allauth let an administrator read or plant somebody's factor or address.
SHOWN = frozenset(
    {
        "accounts.businessarea",
        "accounts.clearancelevel",
        "accounts.heldclearance",
        "accounts.postholder",
        "accounts.roleheld",
        "accounts.seniorcivilservant",
        "accounts.user",
        "directory.contact",
    }
)
HIDDEN_FIELDS = ("password", "security_epoch", "user_permissions", "groups", "last_login")


class ReadOnly:
    """Mixed into every model admin: everybody who may enter may look, and nobody may change."""

    actions = None
    inlines = ()

    def has_view_permission(self, request: HttpRequest, obj=None) -> bool:
        return self.admin_site.has_permission(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj=None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj=None) -> bool:
        return False

    def get_exclude(self, request: HttpRequest, obj=None) -> tuple[str, ...]:
        return (*(super().get_exclude(request, obj) or ()), *HIDDEN_FIELDS)

    def get_list_editable(self, request: HttpRequest) -> tuple[str, ...]:
        return ()


class PortalAdminSite(OTPAdminSite):
    def __init__(self, name: str = "admin"):
        super().__init__(name)

    def register(self, model_or_iterable, admin_class=None, **options) -> None:
        """Register what is on the list, read-only; pass over the rest."""
        models = model_or_iterable if isinstance(model_or_iterable, list | tuple | set) else [model_or_iterable]
        base = admin_class or admin.ModelAdmin
        for model in models:
            if model._meta.label_lower in SHOWN:
                super().register(model, type(f"ReadOnly{base.__name__}", (ReadOnly, base), {}), **options)

    def has_permission(self, request: HttpRequest) -> bool:
        """Active, of the staff of this site, verified, and that by a strong factor."""
        return super().has_permission(request) and policy.is_strong(request.user.otp_device)

    @method_decorator(never_cache)
    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context=None) -> HttpResponse:
        """Send a stranger to the front door; who is signed in and still not let in would only go round in circles."""
        if request.user.is_authenticated:
            raise PermissionDenied("This site is for its own administrators.")
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))

    @method_decorator(require_POST)
    def logout(self, request: HttpRequest, extra_context=None) -> HttpResponse:
        get_adapter(request).logout(request)
        return HttpResponseRedirect(resolve_url("account_login"))

    def password_change(self, request: HttpRequest, extra_context=None) -> HttpResponse:
        return HttpResponseRedirect(resolve_url("account_change_password"))
