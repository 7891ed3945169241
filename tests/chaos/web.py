"""What web processes do, without the web: submit, decide, send back, withdraw, and now and then change their mind.

Run as a program it goes on until it is killed, and notes in a file what it told its people was done.
"""

# ruff: noqa: S311  The dice are no secret.

import random
import sys
import time
from collections.abc import Callable
from typing import TextIO

import django

django.setup()

from django.db import Error, connection, transaction  # noqa: E402  Django has to be ready first.

from portal.accounts.models import User  # noqa: E402
from portal.approvals.models import Step  # noqa: E402
from tests.factories import a_draft, current_step, decider_of, reload  # noqa: E402
from travel import actions  # noqa: E402
from travel.models import Trip  # noqa: E402

UNDONE, SENT_BACK, WITHDRAWN = 0.15, 0.1, 0.1  # of all deeds


class Undone(Exception):
    """Something after the deed failed, so the transaction is rolled back."""


class Web:
    def __init__(self, told: TextIO, *, pause: float, seed: str) -> None:
        self.told, self.pause, self.chance = told, pause, random.Random(seed)

    def run(self) -> None:
        travellers = list(User.objects.filter(email__startswith="traveller."))
        while True:
            try:
                self.one_request(self.chance.choice(travellers))
            except Error:  # The database was out of reach; a real page would say so.
                connection.close()

    def one_request(self, traveller: User) -> None:
        trip = a_draft(traveller, countries=("DE",))
        self.do(trip, lambda trip: actions.submit(trip, by=traveller))
        while (step := current_step(trip)) is not None:
            if self.chance.random() < WITHDRAWN:
                self.do(trip, lambda trip: actions.withdraw(trip, by=traveller, reason="It is off."))
                continue
            decision = "send_back" if self.chance.random() < SENT_BACK else step.verb
            if decision == "send_back":
                self.undo(trip, lambda trip: actions.withdraw(trip, by=traveller, reason="Or not?"))
            self.do(trip, lambda trip, step=step, decision=decision: decide(trip, step, decision))
            if decision == "send_back":
                self.do(trip, lambda trip: actions.submit(trip, by=traveller))

    def do(self, trip: Trip, deed: Callable[[Trip], None]) -> None:
        """Do it, now and then after a first go that was rolled back, and note what was told."""
        if self.chance.random() < UNDONE:
            self.undo(trip, deed)
        time.sleep(self.chance.expovariate(1 / self.pause))
        trip = reload(trip)
        deed(trip)
        self.told.write(f"{trip.reference} {reload(trip).approval.version}\n")

    def undo(self, trip: Trip, deed: Callable[[Trip], None]) -> None:
        try:
            with transaction.atomic():
                deed(reload(trip))
                raise Undone
        except Undone:
            return


def decide(trip: Trip, step: Step, decision: str) -> None:
    actions.decide(trip, decision=decision, by=decider_of(step), comment="Which hotel?")


def make_people() -> None:
    """The cast, and travellers enough that nobody waits for another."""
    from tests.people import clear, make_cast, person

    manager = make_cast().manager
    for number in range(8):
        clear(person(f"Traveller {number}", manager=manager), "sc")


if __name__ == "__main__":
    if sys.argv[1:] == ["people"]:
        make_people()
    else:
        with open(sys.argv[1], "a", buffering=1) as told:
            Web(told, pause=float(sys.argv[2]), seed=sys.argv[3]).run()
