"""Is the door hung as it should be?  The portal does not start while it is not."""

import ipaddress
import logging
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.db import BaseDatabaseCache
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connections, router

from portal.accounts.models import User

logger = logging.getLogger(__name__)

KEYS = ("SECRET_KEY", "PORTAL_OTP_PEPPER", "PORTAL_AUDIT_KEY")

ORDER = (
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "portal.mfa.middleware.SessionPolicyMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "portal.mfa.middleware.SecondFactorRequiredMiddleware",
)


def is_key(text: str) -> bool:
    try:
        return len(bytes.fromhex(text)) == 32
    except (TypeError, ValueError):
        return False


WIDEST = {4: 16, 6: 32}  # the shortest prefix of a known network


def is_narrow_and_public(network: str) -> bool:
    """Whether a network is a known place: a list that holds a proxy's own range, or half the world, holds everybody."""
    try:
        parsed = ipaddress.ip_network(network)
    except ValueError:
        return False
    ends = (parsed.network_address, parsed.broadcast_address)
    return parsed.prefixlen >= WIDEST[parsed.version] and all(end.is_global for end in ends)


@register
def door(app_configs, **kwargs) -> list[CheckMessage]:
    """Check what the second factor leans on."""
    found = []
    if [name for name in settings.MIDDLEWARE if name in ORDER] != list(ORDER):
        found.append(
            Error("The middleware of the door is missing or out of order.", hint=" > ".join(ORDER), id="door.E001")
        )
    if settings.AUTHENTICATION_BACKENDS != ["portal.mfa.backend.Backend"]:
        found.append(Error("There may be one authentication backend: portal.mfa.backend.Backend.", id="door.E002"))
    if not all(map(is_key, [*settings.PORTAL_OTP_KEYS.values(), settings.PORTAL_OTP_PEPPER])):
        found.append(
            Error("PORTAL_OTP_KEYS and PORTAL_OTP_PEPPER take 32 bytes each, as 64 hexadecimal digits.", id="door.E003")
        )
    if settings.PORTAL_OTP_KEY_ID not in settings.PORTAL_OTP_KEYS or len(settings.PORTAL_OTP_KEY_ID) > 16:
        found.append(
            Error("PORTAL_OTP_KEY_ID must name one of PORTAL_OTP_KEYS, in 16 characters or fewer.", id="door.E004")
        )
    if "locmem" in settings.CACHES["default"]["BACKEND"] or "dummy" in settings.CACHES["default"]["BACKEND"]:
        found.append(Error("Wrong passwords are counted in the cache, so all processes must share it.", id="door.E005"))
    if settings.DATABASES["default"].get("ATOMIC_REQUESTS"):
        found.append(Error("With ATOMIC_REQUESTS an error page would forget a wrong code.", id="door.E006"))
    if "signed_cookies" in settings.SESSION_ENGINE:
        found.append(Error("Sessions must be kept on the server, so that they can be ended there.", id="door.E007"))
    if wrong := [network for network in settings.PORTAL_KNOWN_NETWORKS if not is_narrow_and_public(network)]:
        found.append(
            Error(
                f"PORTAL_KNOWN_NETWORKS holds what is no known place: {', '.join(map(repr, wrong))}.",
                hint="Each is a public network in CIDR notation, of a /16 or less (IPv6: a /32).",
                id="door.E009",
            )
        )
    return found


@register
def single_sign_on(app_configs, **kwargs) -> list[CheckMessage]:
    """Check that single sign-on is configured whole or not at all, and that there is no provider but the portal's."""
    found = []
    given = [part for part, value in settings.PORTAL_SSO.items() if value]
    issuer = urlsplit(settings.PORTAL_SSO["issuer"])
    if given and len(given) < len(settings.PORTAL_SSO):
        missing = ", ".join(f"PORTAL_SSO_{part.upper()}" for part in settings.PORTAL_SSO if part not in given)
        found.append(Error("Single sign-on takes all of its settings or none.", hint=f"Set {missing}", id="door.E010"))
    if given and (issuer.scheme not in ("https", "http") or (issuer.scheme == "http" and not settings.DEMO)):
        found.append(Error("PORTAL_SSO_ISSUER must be an https address.", id="door.E010"))
    providers = [app for app in settings.INSTALLED_APPS if app.startswith("allauth.socialaccount.providers.")]
    if providers:
        found.append(
            Error("There may be no provider of single sign-on but portal.mfa.sso.", hint=str(providers), id="door.E010")
        )
    return found


@register
def production(app_configs, **kwargs) -> list[CheckMessage]:
    """Check that production runs with nothing of the demonstration, and shows no stranger how it is made (S56)."""
    if settings.DEMO:
        return []
    found = []
    if settings.DEBUG:
        found.append(Error("DEBUG shows settings and variables to whoever meets an error.", id="door.E011"))
    given = {name: [getattr(settings, name)] for name in KEYS} | {"PORTAL_OTP_KEYS": settings.PORTAL_OTP_KEYS.values()}
    for name, values in given.items():
        if settings.PORTAL_DEMO_VALUES[name].rpartition(":")[2] in values:
            found.append(
                Error(
                    f"{name} has the value of the demonstration, which everybody can read.",
                    hint="Run: openssl rand -hex 32",
                    id="door.E012",
                )
            )
    if not is_key(settings.PORTAL_AUDIT_KEY):
        found.append(Error("PORTAL_AUDIT_KEY takes 32 bytes, as 64 hexadecimal digits.", id="door.E003"))
    return found


@register(Tags.database, deploy=True)
def people_of_the_demonstration(app_configs, databases=None, **kwargs) -> list[CheckMessage]:
    """Check that production has nobody whose password everybody knows."""
    database = router.db_for_read(User)
    if settings.DEMO or database not in (databases or ()):
        return []
    if User._meta.db_table not in connections[database].introspection.table_names():
        return []  # A database before its first migration has nobody at all.
    if not User.objects.using(database).filter(is_demo=True, is_active=True).exists():
        return []
    return [
        Error(
            "There are people of the demonstration in the database: everybody knows their password.",
            hint="Start with an empty database. A demonstration has one of its own.",
            id="door.E013",
        )
    ]


def refuse_to_start() -> None:
    """Stop a process of production while the door does not hang as it should; the web and the worker ask first.

    A database that does not answer is no reason to stay away: without it nobody signs in either, and the readiness
    check says so.

    :raises ImproperlyConfigured: something is wrong, in the sentences of the checks.
    """
    if settings.DEMO:
        return
    found = [*door(None), *single_sign_on(None), *production(None)]
    try:
        found += [*table_of_the_cache(None, databases=["default"]), *people_of_the_demonstration(None, ["default"])]
    except OperationalError:
        logger.warning("The database does not answer, so nobody looked for people of the demonstration in it.")
    finally:
        connections.close_all()  # A server that forks may not share one connection among its processes.
    if found:
        sentences = (" ".join(filter(None, [f"{one.id}: {one.msg}", one.hint])) for one in found)
        raise ImproperlyConfigured("The portal does not start:\n" + "\n".join(sentences))


@register(Tags.database, deploy=True)
def table_of_the_cache(app_configs, databases=None, **kwargs) -> list[CheckMessage]:
    """Check that a cache kept in the database has its table: without it nobody can sign in.

    Like every check that opens a database it waits to be asked: ``check --deploy --database default``.
    """
    cache = caches["default"]
    if not isinstance(cache, BaseDatabaseCache):
        return []
    database = router.db_for_read(cache.cache_model_class)
    if database not in (databases or ()) or cache._table in connections[database].introspection.table_names():
        return []
    return [
        Error(
            f"Wrong passwords are counted in the table {cache._table}, and there is none.",
            hint="Run: python manage.py reference_data",
            id="door.E008",
        )
    ]
