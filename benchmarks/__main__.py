"""Measures the portal beside the limit, over the same rows, in the same rounds, and prints Markdown.

    python -m benchmarks [--short] [--rows 10000,100000] [--rounds 5] [--seconds 3]

It makes databases of its own on the server of DATABASE_URL (or PGHOST, PGPORT, PGUSER, PGPASSWORD), and drops them.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import urllib.parse

import psycopg2
import redis

from .servers import ROOT, Server, Target

SETTINGS = {"portal": "benchmarks.settings", "limit": "benchmarks.limit.settings"}
FORMS = ("submit", "decide")
AIMS = {  # page: queries at most, CPU over the limit's at most
    "the door": (3, None),
    "list, all requests": (9, 1.5),
    "list, your trips": (9, 1.5),
    "list, your requests": (9, 1.5),
    "detail": (12, None),
}
GROWTH = 1.15


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument("--short", action="store_true", help="10,000 requests, under two minutes")
    parser.add_argument("--rows", default="10000,100000", help="how many requests, perhaps several numbers")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each page in each round")
    parser.add_argument("--only", default="", help="pages whose name contains this")
    parser.add_argument("--show-queries", action="store_true")
    given = parser.parse_args()
    if given.short:
        given.rows, given.rounds, given.seconds = "10000", 3, 1.0
    given.sizes = [int(number) for number in given.rows.split(",")]
    return given


def database_url() -> str:
    """Where the server is; the database that it names is never touched."""
    if url := os.environ.get("DATABASE_URL", ""):
        return url
    user, password = os.environ.get("PGUSER", "postgres"), os.environ.get("PGPASSWORD", "")
    host, port = os.environ.get("PGHOST", "127.0.0.1"), os.environ.get("PGPORT", "5432")
    quoted = [urllib.parse.quote(part, safe="") for part in (user, password, host)]
    return "postgres://{}:{}@{}:{}/portal".format(*quoted, port)


def execute(url: str, statement: str) -> None:
    """Run what cannot be in a transaction, from the server's own database."""
    connection = psycopg2.connect(url._replace(path="/postgres").geturl())
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


def run(module: str, *options: str, settings: str, database: str, given: str = "") -> dict:
    """Run one of our modules inside these settings, and return the JSON that it prints."""
    environment = os.environ | {"DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": settings}
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{module}", *options], cwd=ROOT, env=environment, input=given,
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def collect_static(folder: str, database: str) -> None:
    """Make the manifest that production's templates read addresses of static files from."""
    environment = os.environ | {
        "DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "benchmarks.settings", "BENCHMARKS_STATIC": folder,
    }  # fmt: skip
    command = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


def empty_queue() -> None:
    """Take the nudges out of the broker: nobody listens to their queue."""
    broker = os.environ.get("CELERY_BROKER_URL", "")
    if broker.startswith("redis"):
        client = redis.Redis.from_url(broker)
        for key in [b"benchmarks", *client.scan_iter("_kombu.*.benchmarks")]:
            client.delete(key)


def median(target: Target, key: str) -> float:
    return statistics.median(one[key] for one in target.rounds)


def ratio(target: Target, other: Target) -> float:
    """The median over the rounds of what one cost over what the other cost in the same round."""
    return statistics.median(
        one["cpu"] / another["cpu"] for one, another in zip(target.rounds, other.rounds, strict=True)
    )


class Size:
    """One database with so many requests, its two servers, and what is asked of them."""

    def __init__(self, rows: int, server: str, static: str) -> None:
        self.rows = rows
        self.place = urllib.parse.urlparse(server)
        self.name = f"{self.place.path.lstrip('/')}_benchmarks_{rows}"
        self.url = self.place._replace(path=f"/{self.name}").geturl()
        self.static = static
        self.servers: list[Server] = []
        self.targets: dict[tuple[str, str], Target] = {}
        self.counts: dict[str, dict] = {}

    def fill(self, supply: int) -> None:
        self.drop()
        execute(self.place, f'CREATE DATABASE "{self.name}"')
        if not os.listdir(self.static):
            collect_static(self.static, self.url)
        self.made = run("targets", str(self.rows), str(supply), settings=SETTINGS["portal"], database=self.url)

    def count(self, only: str, show: bool) -> None:
        """Count queries with the first two requests of each page, then leave the rest for the rounds."""
        pages = {name: page for name, page in self.made["pages"].items() if only in name}
        for side, settings in SETTINGS.items():
            specs = {name: page[side] for name, page in pages.items()}
            options = ["--show"] if show else []
            os.environ["BENCHMARKS_STATIC"] = self.static
            self.counts[side] = run("queries", *options, settings=settings, database=self.url, given=json.dumps(specs))
            for spec in specs.values():
                if len(spec["requests"]) > 1:
                    del spec["requests"][:2]

    def start(self, only: str) -> None:
        for side in SETTINGS:
            server = Server(side, self.url, self.static)
            self.servers.append(server)
            for name, page in self.made["pages"].items():
                if only in name:
                    self.targets[name, side] = Target(server, name, page[side])

    def drop(self) -> None:
        execute(self.place, f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')


def measure(sizes: list[Size], rounds: int, seconds: float, supply: int) -> None:
    """Warm every page, then go round them all, in turned order every other round."""
    targets = [target for size in sizes for target in size.targets.values()]
    for target in targets:
        target.warm(10)
    for number in range(rounds):
        for target in targets if number % 2 == 0 else reversed(targets):
            target.measure(seconds, most=(supply // 2 - 12) // rounds if target.name in FORMS else 10_000)


def show(sizes: list[Size], given: argparse.Namespace) -> None:
    """Print what was measured as tables."""
    others = statistics.median(one["others"] for size in sizes for t in size.targets.values() for one in t.rounds)
    print("## Benchmarks\n")
    print(
        "What a page costs beside the least that Django does with the same rows of the same database (the limit, "
        "[benchmarks/limit](../benchmarks/limit)): gunicorn with 2 workers of 4 threads and persistent connections, "
        f"one client, {given.rounds} interleaved rounds of {given.seconds:g} s a page; median of the rounds. "
        f"Meanwhile other programs used {others:.1f} of {os.cpu_count()} cores. Trust the queries exactly, the "
        "ratios to about a sixth, and the milliseconds for this machine alone.\n"
    )
    for size in sizes:
        print(f"### {size.made['requests']:,} requests, {size.made['steps']:,} steps\n")
        print(
            "| page | queries (limit) | bytes (limit) | CPU ms: app + PostgreSQL | limit's CPU ms | × the limit | aim |"
        )
        print("|---|---|---|---|---|---|---|")
        for name, (queries, written) in size.counts["portal"].items():
            mine, other = size.targets[name, "portal"], size.targets[name, "limit"]
            few, small = size.counts["limit"][name]
            most, times = AIMS.get(name, (None, None))
            over = ratio(mine, other)
            aim = ", ".join(filter(None, (f"≤ {most} queries" if most else "", f"≤ {times} ×" if times else "")))
            kept = (most is None or queries <= most) and (times is None or over <= times)
            print(
                f"| {name} | {queries} ({few}) | {written:,} ({small:,}) | {median(mine, 'cpu'):.1f}: "
                f"{median(mine, 'app'):.1f} + {median(mine, 'database'):.1f} | {median(other, 'cpu'):.1f} | "
                f"{over:.2f} | {aim + (': met' if kept else ': missed') if aim else ''} |"
            )
        print()
    if len(sizes) > 1:
        first, last = sizes[0], sizes[-1]
        print(f"### Growth from {first.rows:,} to {last.rows:,} requests (aim: the same queries, at most × {GROWTH})\n")
        print("| page | queries | CPU × | limit's CPU × |")
        print("|---|---|---|---|")
        for name in first.counts["portal"]:
            before, after = first.counts["portal"][name][0], last.counts["portal"][name][0]
            grown, limit = (ratio(last.targets[name, side], first.targets[name, side]) for side in SETTINGS)
            print(f"| {name} | {before} → {after} | {grown:.2f} | {limit:.2f} |")
        print()


def main() -> None:
    given = arguments()
    supply = 400 if given.short else 1200
    with tempfile.TemporaryDirectory() as static:
        sizes = [Size(rows, database_url(), static) for rows in given.sizes]
        try:
            for size in sizes:
                size.fill(supply)
                size.count(given.only, given.show_queries)
                size.start(given.only)
            for server in [server for size in sizes for server in size.servers]:
                server.wait()
            measure(sizes, given.rounds, given.seconds, supply)
            show(sizes, given)
        finally:
            for server in [server for size in sizes for server in size.servers]:
                server.stop()
            for size in sizes:
                size.drop()
            empty_queue()


if __name__ == "__main__":
    main()
