"""Settings of the portal: one file, the environment read at the top.

``PORTAL_MODE`` says ``demo`` (the default: an embedded database under var/, demo people, plain HTTP on this machine) or
``production``.  Defaults below are the production ones; the block for the demo at the end relaxes, and nothing is only
in production.
"""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

env = environ.Env()

MODE = env.str("PORTAL_MODE", "demo")
if MODE not in {"demo", "production"}:
    raise ImproperlyConfigured(f"PORTAL_MODE is {MODE!r}. Set it to demo (to try the portal) or production.")
DEMO = MODE == "demo"


PORTAL_DEMO_VALUES: dict[str, str] = {}  # Everybody can read them here, so production refuses to start with one.


def required(name: str, what_for: str, *, demo: str) -> str:
    """Read a value that production must set and the demo can do without."""
    PORTAL_DEMO_VALUES[name] = demo
    if value := env.str(name, ""):
        return value
    if DEMO:
        return demo
    raise ImproperlyConfigured(
        f"{name} is not set. It is {what_for}. Set it in the environment of web, worker and beat."
    )


# Secrets ------------------------------------------------------------------------------------------------------------

SECRET_KEY = required(
    "SECRET_KEY", "50 random characters that sign sessions and links", demo="demo-" + "not-a-secret-" * 5
)
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
# 32 bytes in hexadecimal each; the key named by PORTAL_OTP_KEY_ID seals, the others can still open.
PORTAL_OTP_KEYS = dict(
    pair.split(":", 1)
    for pair in required(
        "PORTAL_OTP_KEYS",
        "one or more id:key pairs, comma-separated, sealing the seeds of one-time codes",
        demo="demo:" + "5e" * 32,
    ).split(",")
)
PORTAL_OTP_KEY_ID = env.str("PORTAL_OTP_KEY_ID", next(iter(PORTAL_OTP_KEYS)))
PORTAL_OTP_PEPPER = required(
    "PORTAL_OTP_PEPPER", "32 bytes in hexadecimal, keying the digests of recovery codes", demo="be" * 32
)
PORTAL_AUDIT_KEY = required("PORTAL_AUDIT_KEY", "32 bytes in hexadecimal, keying the audit log's codes", demo="a0" * 32)

# What the portal is made of -----------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "portal.mfa.admin_config.PortalAdminConfig",
    "portal.mfa",  # Before those whose commands it refuses: the first app that has a command of a name is asked.
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.sites",
    "django.forms",
    "portal.ui",
    "portal.audit",
    "portal.accounts",
    "portal.directory",
    "portal.notifications",
    "portal.mfa.sso",
    "portal.approvals",
    "travel",
    "portal.people",
    "portal.home",
    "allauth",
    "allauth.account",
    "allauth.usersessions",
    "allauth.socialaccount",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_email",
    "django_otp_webauthn",
    "crispy_forms",
    "csp",
    "django_countries",
]
SITE_ID = 1

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "portal.ui.middleware.HeadersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "portal.audit.middleware.SourceMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "portal.mfa.middleware.SessionPolicyMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "portal.mfa.middleware.SecondFactorRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.ui.navigation.navigation",
                "portal.mfa.context.page_session",
            ]
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
CRISPY_ALLOWED_TEMPLATE_PACKS = ["govuk"]
CRISPY_TEMPLATE_PACK = "govuk"

PORTAL_NAME = "Staff security portal"
PORTAL_DEPARTMENT = "Ministry of Justice"
PORTAL_MARKING = "OFFICIAL"
PORTAL_NAVIGATION = [
    ("Home", "home:index"),
    ("Overseas travel", "travel:index"),
    ("Contacts", "directory:index"),
    ("Messages", "notifications:index"),
    ("People", "people:index", "portal.accounts.policies.is_people_administrator"),
]

# Database, cache, files ---------------------------------------------------------------------------------------------

DATABASES = {
    "default": env.db_url_config(
        required("DATABASE_URL", "where PostgreSQL is", demo=f"sqlite:///{VAR_DIR / 'portal.sqlite3'}")
    )
}
DATABASES["default"]["CONN_MAX_AGE"] = env.int("DATABASE_CONN_MAX_AGE", 600)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["ATOMIC_REQUESTS"] = False  # A wrong code stays counted even when the rest of the request fails.
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        # Two writers that first read would fail at once with "database is locked" under SQLite's own default.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON",
    }
else:
    # A database host that swallows packets may not hold up the page for somebody in trouble.
    DATABASES["default"].setdefault("OPTIONS", {})["connect_timeout"] = 3  # seconds
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Rate limits are counted in the cache, so it must be one for all processes: Redis, or else a table.
if CACHE_URL := env.str("CACHE_URL", ""):
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": CACHE_URL}}
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "portal_cache"}}

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "Europe/London"
USE_TZ = True
COUNTRIES_OVERRIDE = {"XK": "Kosovo"}  # Recognised by the United Kingdom, absent from ISO 3166-1.

# The door -----------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["portal.mfa.backend.Backend"]  # One way in: nothing else.
PASSWORD_HASHERS = [
    "portal.mfa.passwords.PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",  # Older ones are hashed anew at the next sign-in.
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "portal.mfa.passwords.LengthValidator"},
    {"NAME": "portal.mfa.passwords.PatternValidator"},
    {"NAME": "portal.mfa.passwords.CommonPasswordValidator"},
    {"NAME": "portal.mfa.passwords.PersonalPasswordValidator"},
    {"NAME": "portal.mfa.passwords.OwnWordsValidator"},
]
LOGIN_URL = OTP_LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home:index"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"

ACCOUNT_ADAPTER = "portal.mfa.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "portal.mfa.forms.LoginForm",
    "reset_password": "portal.mfa.forms.ResetPasswordForm",
    "reset_password_from_key": "portal.mfa.forms.ResetPasswordKeyForm",
    "user_token": "portal.mfa.forms.UserTokenForm",
}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS = 1
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = False
ACCOUNT_LOGIN_ON_PASSWORD_RESET = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = False
ACCOUNT_LOGIN_TIMEOUT = 900  # seconds between the password and the last factor
# The address that counts is the one on the person's record, as in Django; allauth's asks the database for others too.
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "portal.mfa.tokens.LinkTokens"  # noqa: S105
# Where thousands leave the building by one address, the limits for an address must be wider than for a home.
_sign_ins = env.int("PORTAL_SIGN_INS_FROM_ONE_ADDRESS", 600)
_wrong_passwords = env.int("PORTAL_WRONG_PASSWORDS_FROM_ONE_ADDRESS", 20)
ACCOUNT_RATE_LIMITS = {"login": f"{_sign_ins}/m/ip", "login_failed": f"{_wrong_passwords}/5m/ip,5/5m/key"}
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("PORTAL_PROXIES", 0)
PASSWORD_RESET_TIMEOUT = 3600  # seconds
PORTAL_INVITATION = timedelta(days=7)  # For so long an invitation sets a first password.

# Single sign-on by Microsoft Entra is optional: all four or none.  What is not set here is not asked for (door.E010).
PORTAL_SSO = {
    "issuer": env.str("PORTAL_SSO_ISSUER", ""),
    "tenant": env.str("PORTAL_SSO_TENANT", ""),
    "client_id": env.str("PORTAL_SSO_CLIENT_ID", ""),
    "client_secret": env.str("PORTAL_SSO_CLIENT_SECRET", ""),
}
SOCIALACCOUNT_ADAPTER = "portal.mfa.sso.adapter.SocialAccountAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = SOCIALACCOUNT_AUTO_SIGNUP = False
SOCIALACCOUNT_LOGIN_ON_GET = SOCIALACCOUNT_STORE_TOKENS = False

OTP_TOTP_ISSUER = PORTAL_NAME
OTP_TOTP_SYNC = True
OTP_TOTP_THROTTLE_FACTOR = 1
OTP_STATIC_THROTTLE_FACTOR = 1
OTP_EMAIL_THROTTLE_FACTOR = 1
OTP_EMAIL_COOLDOWN_DURATION = 60  # seconds between two codes that are sent
OTP_ADMIN_HIDE_SENSITIVE_DATA = True

PORTAL_SESSION_IDLE = timedelta(minutes=30)
PORTAL_SESSION_MAX = timedelta(hours=12)
PORTAL_SESSION_WARN = timedelta(minutes=5)  # The page says so this long before the end.
PORTAL_LOCK_AFTER = 10  # wrong codes in a row, over all factors of a person
PORTAL_LOCK_FOR = timedelta(minutes=15)
PORTAL_LOCK_HARD_AFTER = 30  # then an administrator has to unlock
PORTAL_SENDS_A_DAY = 20  # codes sent to one person
PORTAL_SITTING = timedelta(minutes=15)  # One fresh code is enough for so long a run of decisions.
PORTAL_REVERIFY = timedelta(hours=4)  # Then a session asks for a code again,
PORTAL_REVERIFY_KNOWN = timedelta(hours=10)  # or then, while it stays on a known network.
PORTAL_KNOWN_NETWORKS = env.list("PORTAL_KNOWN_NETWORKS", default=[])  # CIDR; they lengthen that, and nothing else.

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "__Host-session"
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"  # Strict would break the return from single sign-on.
SESSION_COOKIE_AGE = int(PORTAL_SESSION_MAX.total_seconds())
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_NAME = "__Host-csrf"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "portal.home.errors.csrf_failure"
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# Headers and limits -------------------------------------------------------------------------------------------------

DEBUG = False
ALLOWED_HOSTS = required(
    "ALLOWED_HOSTS", "the host names people use, comma-separated", demo="localhost,127.0.0.1,[::1]"
).split(",")
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", True)
SECURE_REDIRECT_EXEMPT = [r"^healthz/$", r"^readyz/$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ALLAUTH_TRUSTED_PROXY_COUNT else None
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}
if PORTAL_SSO["issuer"]:
    # Browsers hold the answer to a form to this rule too, and the form that starts a sign-in is answered by a redirect.
    _issuer = urlsplit(PORTAL_SSO["issuer"])
    CONTENT_SECURITY_POLICY["DIRECTIVES"]["form-action"].append(f"{_issuer.scheme}://{_issuer.netloc}")
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000  # bytes
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# Messages and the queue ---------------------------------------------------------------------------------------------

PORTAL_URL = required(
    "PORTAL_URL", "the address that e-mails link to, such as https://portal.example", demo="http://127.0.0.1:8000"
).rstrip("/")
# Security keys are bound to the host's name; a browser makes none for a bare address such as 127.0.0.1.
OTP_WEBAUTHN_RP_NAME = PORTAL_NAME
OTP_WEBAUTHN_RP_ID = urlsplit(PORTAL_URL).hostname
OTP_WEBAUTHN_ALLOWED_ORIGINS = [PORTAL_URL]
OTP_WEBAUTHN_ALLOW_PASSWORDLESS_LOGIN = False
OTP_WEBAUTHN_TIMEOUT_SECONDS = 300

PORTAL_MAIL_TRANSPORT = env.str("PORTAL_MAIL_TRANSPORT", "smtp")
PORTAL_TEXT_TRANSPORT = env.str("PORTAL_TEXT_TRANSPORT", "off")  # Text messages are refused until somebody sends them.
PORTAL_MAIL_DIR = VAR_DIR / "mail"
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Staff security portal <noreply@portal.example>")
EMAIL_SUBJECT_PREFIX = ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
EMAIL_TIMEOUT = 10  # seconds
_mail = env.email_url("EMAIL_URL", default="smtp://127.0.0.1:1025")
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST, EMAIL_PORT = _mail["EMAIL_HOST"], _mail["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_USER"] or "", _mail["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS = _mail.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _mail.get("EMAIL_USE_SSL", False)

CELERY_BROKER_URL = required(
    "CELERY_BROKER_URL", "the broker of the queue, such as Redis", demo="filesystem://localhost"
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY = False  # A nudge is a hint: the sweep delivers, so a dead broker may not hold up a page.
CELERY_DB_REUSE_MAX = 1_000  # Celery closes the database connection around every task otherwise.
CELERY_TIMEZONE = TIME_ZONE
if CELERY_BROKER_URL.startswith("filesystem"):
    _queue = VAR_DIR / "queue"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_queue / "messages"),
        "data_folder_out": str(_queue / "messages"),
        "control_folder": str(_queue / "control"),
        "store_processed": False,
    }
else:
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "socket_timeout": 1,
        "socket_connect_timeout": 1,
        "max_retries": 0,  # Kombu tries for six seconds, in the request that nudges. The worker has its own patience.
        "visibility_timeout": 60,
    }

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO")},
    "loggers": {"django.server": {"level": "WARNING"}},
}

# The demo relaxes: plain HTTP on this machine, files instead of a mail server, static files straight from the tree. ---

if DEMO:
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "session", "csrf"
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = False
    SECURE_HSTS_SECONDS = 0
    _port = f":{urlsplit(PORTAL_URL).port}" if urlsplit(PORTAL_URL).port else ""
    OTP_WEBAUTHN_RP_ID, OTP_WEBAUTHN_ALLOWED_ORIGINS = "localhost", [f"http://localhost{_port}"]
    PORTAL_MAIL_TRANSPORT = env.str("PORTAL_MAIL_TRANSPORT", "file")
    PORTAL_TEXT_TRANSPORT = env.str("PORTAL_TEXT_TRANSPORT", "file")
    STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    WHITENOISE_USE_FINDERS = True
    VAR_DIR.mkdir(exist_ok=True)
    for folder in (PORTAL_MAIL_DIR, VAR_DIR / "queue" / "messages", VAR_DIR / "queue" / "control"):
        folder.mkdir(parents=True, exist_ok=True)
