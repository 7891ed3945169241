"""Owe a message: one row a recipient, in the transaction of the change it tells of."""

from collections.abc import Iterable

from django.db import transaction

from portal.accounts.models import Role, RoleHeld, User
from portal.directory.models import Contact

from . import queue
from .models import Message


def people_in(*roles: Role) -> list[User]:
    """Return who holds one of these roles today and still works here."""
    held = RoleHeld.objects.in_force().filter(role__in=roles)
    people = User.objects.filter(pk__in=held.values("person"), is_active=True)
    return [person for person in people if person.is_here]


def enqueue(*, recipients: Iterable[User | Contact], template: str, key: str, link: str, **context: str | int) -> None:
    """Write one message for each recipient, once: the same ``key`` for the same recipient is the same message.

    ``template`` names templates/emails/<template>.txt, whose first line is the subject; ``key`` holds the version of
    the record, so that a repeated post cannot owe twice; ``link`` is a path of the portal.
    """
    rows = []
    for recipient in {(type(one), one.pk): one for one in recipients}.values():
        is_person = isinstance(recipient, User)
        rows.append(
            Message(
                recipient=recipient if is_person else None,
                contact_key="" if is_person else recipient.key,
                template=template,
                context=context,
                link=link,
                dedupe_key=f"{key}:{template}:{f'user{recipient.pk}' if is_person else recipient.key}",
            )
        )
    Message.objects.bulk_create(rows, ignore_conflicts=True)
    transaction.on_commit(queue.nudge, robust=True)
