"""The portal as production runs it, over plain HTTP from this machine, in a database of its own."""

import os

# Without a broker the nudges to the worker stay in the process.
os.environ.setdefault("CELERY_BROKER_URL", "memory://")
os.environ |= {
    "PORTAL_MODE": "production",
    "SECRET_KEY": "only-for-benchmarks-" + "0123456789abcdef" * 3,
    "PORTAL_OTP_KEYS": "benchmarks:" + "01" * 32,
    "PORTAL_OTP_PEPPER": "02" * 32,
    "PORTAL_AUDIT_KEY": "03" * 32,
    "ALLOWED_HOSTS": "portal.example",
    "PORTAL_URL": "https://portal.example",
    "PORTAL_PROXIES": "1",
    "LOG_LEVEL": "ERROR",
}

from portal.settings import *  # noqa: F403
from portal.settings import CELERY_BROKER_URL, DATABASES

STATIC_ROOT = os.environ.get("BENCHMARKS_STATIC", "")
# The database's own view of who is connected tells the portal's connections from the limit's by this name.
DATABASES["default"]["OPTIONS"] = {"application_name": "portal"}
# No worker listens here, so the messages stay where they are counted, and nobody else's worker is disturbed.
CELERY_TASK_DEFAULT_QUEUE = "benchmarks"
if CELERY_BROKER_URL.startswith("memory"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {}
