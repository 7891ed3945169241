"""No message is lost, doubled or made up, whatever is killed with -9 at whatever moment."""

import os

import pytest
from django.conf import settings

from .arena import Outcome, arena, database, has_redis

pytestmark = pytest.mark.skipif(not has_redis(), reason="needs redis-server, to start one and to kill it")


def everything_arrived_once(outcome: Outcome) -> None:
    assert not outcome.states.keys() - {"sent"}, outcome.states
    assert not outcome.lost
    assert not outcome.doubled
    assert not outcome.phantom
    assert not outcome.told_but_not_there


def in_words(outcome: Outcome, title: str, waits: list[float]) -> str:
    kills = ", ".join(f"{what} {times}" for what, times in sorted(outcome.kills.items()))
    usual, longest = (waits[int(len(waits) * share)] for share in (0.5, 0.99))
    facts = {
        "Messages owed": f"{len(outcome.owed):,}",
        "Killed with -9": f"{sum(outcome.kills.values())}: {kills}",
        "Lost": len(outcome.lost),
        "Doubled": outcome.doubled,
        "Sent although rolled back": len(outcome.phantom),
        "Told as done, but not there": f"{outcome.told_but_not_there} of {outcome.versions_told:,}",
        "All delivered after the last kill within": f"{outcome.seconds_to_drain:.0f} s",
        "Change to provider, then, without kills": f"half within {usual:.1f} s, 99% within {longest:.1f} s",
    }
    rows = "\n".join(f"| {name} | {value} |" for name, value in facts.items())
    return f"## Messages while processes are killed: {title}\n\n| | |\n|---|---|\n{rows}"


@pytest.mark.postgresql
def test_nothing_is_lost_doubled_or_made_up_while_things_are_killed(tmp_path):
    with (
        database(settings.DATABASES["default"], f"portal_chaos_{os.getpid()}") as url,
        arena(tmp_path, url, seed=os.getpid(), pause=0.3) as portal,
    ):
        portal.rage(messages=200, kills=10, limit=45)
        portal.stop_working()
        outcome = portal.outcome(portal.drain())

    assert len(outcome.owed) >= 200
    assert sum(outcome.kills.values()) >= 10
    everything_arrived_once(outcome)


@pytest.mark.long
@pytest.mark.parametrize("engine", ["PostgreSQL", "SQLite"])
def test_thousands_of_messages_survive_dozens_of_kills(tmp_path, evidence, engine):
    with (
        database(settings.DATABASES["default"], f"portal_chaos_{os.getpid()}") as postgresql,
        arena(tmp_path, postgresql if engine == "PostgreSQL" else f"sqlite:///{tmp_path}/db", seed=1) as portal,
    ):
        portal.rage(messages=2_000, kills=60, limit=420)
        portal.stop_working()
        drained = portal.drain()
        waits = portal.work_in_peace(20)
        outcome = portal.outcome(drained)

    evidence(in_words(outcome, engine, waits))
    assert len(outcome.owed) >= 2_000
    assert sum(outcome.kills.values()) >= 60
    everything_arrived_once(outcome)
