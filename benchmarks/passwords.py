"""Measures what one password check costs, alone and eight at once, by the ways that Django could keep passwords.

    .venv/bin/python -m benchmarks.passwords [--rounds 5]

Each way runs in a process of its own, because the most memory that a process ever held cannot be reset.  The quickest
round is what the work costs; the others also show what else the machine did.  It prints Markdown; what was chosen for
it stands in docs/adr/0008-argon2id-keeps-passwords.md.
"""

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import argon2

PASSWORD, SALT = b"harbour lantern quilt", b"0123456789abcdef0123456789abcdef"
AT_ONCE = 8  # two workers of four threads, all busy with somebody who signs in

#   name, what it is: PBKDF2's rounds, or Argon2id's memory in KiB, passes and lanes
WAYS: dict[str, tuple[int, ...]] = {
    "PBKDF2-SHA256, 600,000 rounds (OWASP)": (600_000,),
    "PBKDF2-SHA256, 1,000,000 rounds (Django)": (1_000_000,),
    "Argon2id, 19 MiB, 2 passes, 1 lane (OWASP)": (19_456, 2, 1),
    "Argon2id, 46 MiB, 1 pass, 1 lane (OWASP)": (47_104, 1, 1),
    "Argon2id, 46 MiB, 2 passes, 1 lane": (47_104, 2, 1),
    "Argon2id, 64 MiB, 2 passes, 1 lane": (65_536, 2, 1),
    "Argon2id, 64 MiB, 3 passes, 1 lane": (65_536, 3, 1),
    "Argon2id, 100 MiB, 2 passes, 8 lanes (Django)": (102_400, 2, 8),
}


def hasher(costs: tuple[int, ...]) -> Callable[[], object]:
    if len(costs) == 1:
        return lambda: hashlib.pbkdf2_hmac("sha256", PASSWORD, SALT, costs[0])
    memory, passes, lanes = costs
    return lambda: argon2.low_level.hash_secret(
        PASSWORD, SALT, time_cost=passes, memory_cost=memory, parallelism=lanes, hash_len=32, type=argon2.Type.ID
    )


def milliseconds(work: Callable[[], object]) -> float:
    before = time.perf_counter()
    work()
    return (time.perf_counter() - before) * 1000


def at_once(work: Callable[[], object]) -> float:
    """Return how long the last of those who sign in at the same moment waits."""
    threads = [threading.Thread(target=work) for _ in range(AT_ONCE)]

    def run() -> None:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return milliseconds(run)


def most_memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # Linux counts in KiB.


def measure(costs: tuple[int, ...], rounds: int) -> dict[str, float]:
    work, before = hasher(costs), most_memory()
    work()
    alone = min(milliseconds(work) for _ in range(rounds))
    one = most_memory() - before
    together = min(at_once(work) for _ in range(rounds))
    return {"alone": alone, "one": one, "together": together, "all": most_memory() - before}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.passwords", description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--way", default="", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:
        print(json.dumps(measure(WAYS[given.way], given.rounds)))
        return
    print(
        f"One check of a password, and {AT_ONCE} at once, on {os.cpu_count()} cores; the quickest of {given.rounds}.\n"
    )
    print(f"| way | ms | MiB | ms, the last of {AT_ONCE} | MiB, {AT_ONCE} at once |")
    print("|---|---|---|---|---|")
    for way in WAYS:
        command = [sys.executable, "-m", "benchmarks.passwords", "--way", way, "--rounds", str(given.rounds)]
        found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
        numbers = (found[key] for key in ("alone", "one", "together", "all"))
        print(f"| {way} | {' | '.join(f'{number:,.0f}' for number in numbers)} |")


if __name__ == "__main__":
    main()
