"""The people, the phones and the clock of tests/portal/mfa."""

from tests.portal.mfa.conftest import (  # noqa: F401
    administrator,
    another,
    app,
    clock,
    maya,
    newcomer,
    no_counts,
    quiet,
    recovery_codes,
    visitor,
)
