"""The queue: one task, ``run``, and the schedule as a table of when and which action."""

import os

from celery import Celery
from django.utils.module_loading import import_string

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")


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
    (21600.0, "portal.people.actions.review.review_roles"),
    (86400.0, "portal.mfa.watch.report"),
)

app.conf.beat_schedule = {
    action: {"task": "portal.run", "schedule": every, "args": [action], "options": {"expires": every}}
    for every, action in SCHEDULE
}
