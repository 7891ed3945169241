"""Tell the worker that something is due: a hint, never the guarantee.

The sweep of the schedule delivers whatever is due; so a broker that is down, or hangs, costs one request one second and
is then left alone for half a minute.
"""

import logging
import time

from celery import current_app

logger = logging.getLogger(__name__)

REST = 30.0  # seconds
_asleep_until = 0.0


def nudge() -> None:
    """Ask the worker to deliver now; never raises."""
    global _asleep_until
    if time.monotonic() < _asleep_until:
        return
    try:
        current_app.send_task(
            "portal.run", ["portal.notifications.delivery.deliver_due"], retry=False, ignore_result=True, expires=60
        )
    except Exception:  # Whatever the broker's library raises, the message is safe in its table.
        _asleep_until = time.monotonic() + REST
        logger.warning("The queue does not answer; messages wait for the sweep.", exc_info=True)
