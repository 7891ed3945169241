"""The queue: one task, ``run``, and the schedule as a table of when and which action."""

import os
import sys

from celery import Celery, signals
from django.utils.module_loading import import_string

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")


@signals.worker_init.connect
@signals.beat_init.connect
def check_the_door(**kwargs: object) -> None:
    """End a worker, or the clock, that production may not start with."""
    import django
    from django.core.exceptions import ImproperlyConfigured

    django.setup()
    from portal.mfa.checks import refuse_to_start

    try:
        refuse_to_start()
    except ImproperlyConfigured as fault:
        sys.exit(str(fault))  # Celery writes down what a signal's receiver raises, and goes on.


@app.task(name="portal.run")
def run(action: str, **arguments) -> None:
    """Call the action at this dotted path: recurring work is an ordinary action."""
    if action not in {row[1] for row in SCHEDULE}:
        raise ValueError(f"{action} is not in the schedule.")
    import_string(action)(**arguments)


#   every (seconds)  action
SCHEDULE = (
    (2.0, "portal.notifications.delivery.deliver_due"),
    (600.0, "travel.actions.reroute"),
    (3600.0, "portal.people.actions.leaving.end_leavers"),
    (3600.0, "portal.people.actions.leaving.remind_of_last_days"),
    (3600.0, "portal.mfa.sessions.forget_dead"),
    (600.0, "portal.mfa.left.remind"),
    (600.0, "portal.mfa.resets.end_overdue"),
    (600.0, "portal.mfa.break_glass.forget_overdue"),
    (21600.0, "portal.people.actions.review.review_roles"),
    (86400.0, "portal.mfa.watch.report"),
)

app.conf.beat_schedule = {
    action: {"task": "portal.run", "schedule": every, "args": [action], "options": {"expires": every}}
    for every, action in SCHEDULE
}
