"""Backlog: whether a claim takes longer because a million items wait."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..report import Bar, Results
from ..server import Connection, Server
from ..settings import Settings
from ..systems import Backlog, Classic, Pgmq, Plain, QueueSystem
from ..timing import percentile, stopwatch

SMALL = 1_000
LARGE = 1_000_000
BATCH = 100
CLAIMS = 150
# Below this a run is a trial, and fewer claims will do.
FULL_SIZE = 100_000


@dataclass(frozen=True)
class Shape:
    """A kind of backlog: how `count` items of it are made."""

    name: str
    fill: Callable[[QueueSystem, Connection, int], None]
    systems: tuple[type[QueueSystem], ...]


def fill_ready(system: QueueSystem, connection: Connection, count: int) -> None:
    """Put in items of one kind that are due."""
    system.fill(connection, count, BATCH)


def fill_backoff(system: QueueSystem, connection: Connection, count: int) -> None:
    """Put in items that wait for an hour, and a thousand due ones."""
    system.defer(connection, count, 3600)
    system.fill(connection, SMALL, BATCH)


def fill_priorities(system: QueueSystem, connection: Connection, count: int) -> None:
    """Put in due items of all ten priorities."""
    assert isinstance(system, Backlog)
    system.fill_with(connection, count, ", 'priority', 1 + g % 10")


def fill_lanes(system: QueueSystem, connection: Connection, count: int) -> None:
    """Put in due items of ten thousand lanes: a hundred event types, a hundred channels."""
    assert isinstance(system, Backlog)
    system.fill_with(connection, count, LANE_KEYS)


def fill_mixture(system: QueueSystem, connection: Connection, count: int) -> None:
    """Put in everything at once: lanes, priorities, and half of the items in backoff."""
    assert isinstance(system, Backlog)
    system.fill_with(
        connection,
        count,
        f"{LANE_KEYS}, 'priority', 1 + g / 7 % 10,"
        " 'run_at', case when g / 3 % 2 = 0 then now() + interval '1 hour' end",
    )


# A lane is an event type and a channel; the later key wins over the event type given before it.
LANE_KEYS = ", 'event_type', 'bench.' || g % 100, 'channel_name', 'c' || g / 100 % 100"
SHAPES = (
    Shape("ready", fill_ready, (Backlog, Classic, Plain, Pgmq)),
    Shape("backoff", fill_backoff, (Backlog, Classic, Plain, Pgmq)),
    Shape("10 priorities", fill_priorities, (Backlog,)),
    Shape("10,000 lanes", fill_lanes, (Backlog,)),
    Shape("mixture", fill_mixture, (Backlog,)),
)


def metric(shape: Shape, size: str) -> str:
    """Name the claim time of one shape and size."""
    return f"claim p50 ms {shape.name}, {size}"


BARS = [
    Bar(
        metric(shape, "1M"),
        "pgbacklog",
        at_most=1.3,
        against="pgbacklog",
        against_metric=metric(shape, "1k"),
    )
    for shape in SHAPES
]


def claim_times(system: QueueSystem, claims: int) -> list[float]:
    """Return the milliseconds of claims, after each of which as much is put in as was taken."""
    times = []
    with system.connect() as connection:
        for number in range(claims + 5):
            with stopwatch() as spent:
                items = system.claim(connection, BATCH, "w1")
            # The first calls plan their statements and warm the cache of this session.
            if number >= 5:
                times.append(spent.milliseconds)
            if items:
                system.acknowledge(connection, items, "w1")
            system.fill(connection, len(items), BATCH)
    return times


def run(server: Server, settings: Settings, results: Results) -> None:
    """Time claims at both sizes of each shape, the two sizes in turn."""
    large = settings.rows_or(LARGE)
    claims = CLAIMS if large >= FULL_SIZE else CLAIMS // 10
    sizes = {"1k": min(SMALL, large), "1M": large}
    for shape in SHAPES:
        for kind in shape.systems:
            if not settings.wants(kind.name):
                continue
            if reason := kind(server, settings).missing():
                results.skip(kind.name, reason)
                continue
            measured = {size: build(kind, server, settings, shape, sizes[size]) for size in sizes}
            for number in range(settings.rounds):
                for size in list(sizes)[:: -1 if number % 2 else 1]:
                    times = claim_times(measured[size], claims)
                    results.add(kind.name, metric(shape, size), percentile(times, 50))
            for system in measured.values():
                system.teardown()
    results.notes.append(
        f"1M is {large:,} items, 1k is {sizes['1k']:,}; the shape backoff adds {SMALL:,} due"
        " items at both sizes; each claim takes 100; pgque cannot build such a backlog, and"
        " absurd's claim walks it (see the scenario drain)"
    )


def build(
    kind: type[QueueSystem], server: Server, settings: Settings, shape: Shape, count: int
) -> QueueSystem:
    """Return the system with a backlog of this shape and size in a database of its own."""
    system = kind(server, settings)
    system.database += f"_{count}"
    system.setup()
    with system.connect() as connection:
        shape.fill(system, connection, count)
        system.vacuum(connection)
    return system
