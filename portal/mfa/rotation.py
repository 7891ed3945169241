"""How is a key retired that sealed something?  Each row is sealed again with the current key, while people sign in."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.conf import settings
from django.db import models, transaction

from portal import crypto
from portal.notifications.models import Message

from .models import TOTP, RecoveryPhone

BATCH = 200  # rows a transaction: a person whose row is in it waits for no longer than that takes


@dataclass(frozen=True)
class Sealed:
    """A column that holds sealed values, and to whom each is bound."""

    name: str
    model: type[models.Model]
    field: str
    owner_of: Callable[[models.Model], str]

    @property
    def rows(self) -> models.QuerySet:
        return self.model._base_manager.exclude(**{self.field: ""}).order_by("pk")

    @property
    def old_rows(self) -> models.QuerySet:
        """What another key than the current one sealed, or none at all."""
        current = f"{crypto.FORMAT}.{settings.PORTAL_OTP_KEY_ID}."
        return self.rows.exclude(**{f"{self.field}__startswith": current})


@dataclass
class Count:
    """What was found of one column: how many were sealed anew, and which rows cannot be opened."""

    sealed: Sealed
    done: int = 0
    left: int = 0
    unreadable: tuple[int, ...] = ()


SEALED = (
    Sealed("Authenticator apps", TOTP, "key", lambda row: f"totp:{row.user_id}"),
    Sealed("Recovery phones", RecoveryPhone, "sealed_number", lambda row: f"phone:{row.user_id}"),
    Sealed("Messages that wait", Message, "sealed", lambda row: row.dedupe_key),
)


def rotate() -> list[Count]:
    """Seal everything with the current key that another one sealed; what cannot be opened is left, and named."""
    return [rotate_column(sealed) for sealed in SEALED]


def rotate_column(sealed: Sealed) -> Count:
    """Seal one column again, batch after batch; what another run or a sign-in changed meanwhile is passed over."""
    count = Count(sealed)
    for pks in batches(sealed.old_rows):
        with transaction.atomic():
            # In the order of their keys, so that two runs wait for each other and never in a ring.
            for row in sealed.model._base_manager.filter(pk__in=pks).order_by("pk").select_for_update():
                old = getattr(row, sealed.field)
                if not old or (crypto.is_sealed(old) and crypto.key_id_of(old) == settings.PORTAL_OTP_KEY_ID):
                    continue
                try:
                    new = crypto.resealed(old, owner=sealed.owner_of(row))
                except crypto.Unreadable:
                    count.unreadable += (row.pk,)
                    continue
                # SQLite locks no rows, so the value itself says that nobody was faster.
                same = sealed.model._base_manager.filter(pk=row.pk, **{sealed.field: old})
                count.done += same.update(**{sealed.field: new})
    return count


def check() -> list[Count]:
    """Open everything, and count what still needs another key than the current one; change nothing."""
    return [check_column(sealed) for sealed in SEALED]


def check_column(sealed: Sealed) -> Count:
    count = Count(sealed, left=sealed.old_rows.count())
    for row in sealed.rows.only("pk", sealed.field, *NEEDED[sealed.model]).iterator(chunk_size=BATCH):
        try:
            crypto.unseal(getattr(row, sealed.field), owner=sealed.owner_of(row))
        except crypto.Unreadable:
            count.unreadable += (row.pk,)
    return count


NEEDED = {TOTP: ("user_id",), RecoveryPhone: ("user_id",), Message: ("dedupe_key",)}


def batches(rows: models.QuerySet) -> Iterator[list[int]]:
    """Yield the keys of rows, some at a time; a row that stays as it is does not come twice."""
    last = 0
    while pks := list(rows.filter(pk__gt=last).values_list("pk", flat=True)[:BATCH]):
        yield pks
        last = pks[-1]
