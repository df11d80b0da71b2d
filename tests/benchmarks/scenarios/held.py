"""Held: how long a claim takes while an old transaction keeps dead rows from being removed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..report import Bar, Results
from ..server import Connection, Server
from ..settings import Settings
from ..systems import Backlog, Classic, Pgmq, Pgque, Plain, QueueSystem
from ..timing import percentile, stopwatch

KINDS: tuple[type[QueueSystem], ...] = (Backlog, Classic, Plain, Pgmq, Pgque)
CHURN = 180_000
BATCH = 100
FRESH_CLAIMS = 100
HELD_CLAIMS = 300
# Below this a run is a trial, and fewer claims will do.
FULL_SIZE = 5_000
HOLDERS = {
    "snapshot": "select count(*) from pg_class",
    "xid": "select pg_current_xact_id()",
}


def fresh(holder: str) -> str:
    """Name the claim time before the churn."""
    return f"claim p50 ms fresh ({holder})"


def held(holder: str, percent: int = 50) -> str:
    """Name the claim time after the churn."""
    return f"claim p{percent} ms held ({holder})"


BARS = [
    Bar(
        held(holder),
        "pgbacklog",
        at_most=2.5,
        against="pgbacklog",
        against_metric=fresh(holder),
    )
    for holder in HOLDERS
]


@contextmanager
def old_transaction(system: QueueSystem, statement: str) -> Iterator[None]:
    """Keep a repeatable read transaction open that has run this statement."""
    with system.connect() as connection:
        connection.execute("begin isolation level repeatable read")
        connection.execute(statement)
        yield
        connection.execute("rollback")


def claim_times(system: QueueSystem, connection: Connection, claims: int) -> list[float]:
    """Return the milliseconds of each claim; between them a batch is put in and taken out."""
    times = []
    for _ in range(claims):
        system.fill(connection, BATCH, BATCH)
        with stopwatch() as spent:
            items = system.claim(connection, BATCH, "w1")
        times.append(spent.milliseconds)
        if items:
            system.acknowledge(connection, items, "w1")
    return times


def churn(system: QueueSystem, connection: Connection, items: int) -> None:
    """Let this many items pass through the queue."""
    passed = 0
    while passed < items:
        system.fill(connection, 1000, 1000)
        while taken := system.claim(connection, 1000, "w1"):
            system.acknowledge(connection, taken, "w1")
            passed += len(taken)


def put_into_backoff(system: QueueSystem, connection: Connection, items: int) -> None:
    """Leave items waiting: most for an hour, the others falling due while the test runs."""
    if not system.defer(connection, items * 3 // 4, 3600):
        return
    for seconds in range(5, 55, 5):
        system.defer(connection, items // 40, seconds)


def run(server: Server, settings: Settings, results: Results) -> None:
    """Time claims at the start and after the churn, for each kind of old transaction."""
    items = settings.rows_or(CHURN)
    share = 1 if items >= FULL_SIZE else 10
    for number in range(settings.rounds):
        for kind in KINDS[:: -1 if number % 2 else 1]:
            system = kind(server, settings)
            if not settings.wants(system.name):
                continue
            if reason := system.missing():
                results.skip(system.name, reason)
                continue
            for holder, statement in HOLDERS.items():
                system.setup()
                with system.connect() as connection:
                    put_into_backoff(system, connection, items // 9)
                    system.vacuum(connection)
                    with old_transaction(system, statement):
                        before = claim_times(system, connection, FRESH_CLAIMS // share)
                        churn(system, connection, items)
                        after = claim_times(system, connection, HELD_CLAIMS // share)
                system.teardown()
                results.add(system.name, fresh(holder), percentile(before, 50))
                results.add(system.name, held(holder), percentile(after, 50))
                results.add(system.name, held(holder, 99), percentile(after, 99))
    results.notes.append(
        f"{items:,} items pass while the transaction is held; {items // 9:,} items wait in"
        " backoff, a quarter of them falling due in the first minute (pgque has no delays)"
    )
