"""Drain: claim and acknowledge batches from a large backlog, with one and two processes."""

from __future__ import annotations

import multiprocessing
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from typing import NamedTuple

from ..report import Bar, Results
from ..server import Server, backend_cpu_seconds
from ..settings import Settings
from ..systems import (
    Absurd,
    Backlog,
    BacklogOneCall,
    Classic,
    DeleteReturning,
    Pgmq,
    PgmqArchive,
    Pgque,
    Plain,
    QueueSystem,
    installed,
)

KINDS: tuple[type[QueueSystem], ...] = (
    Backlog,
    BacklogOneCall,
    Classic,
    Plain,
    DeleteReturning,
    Pgmq,
    PgmqArchive,
    Pgque,
    Absurd,
)
BATCHES = (1, 10, 100)
PROCESSES = (1, 2)
BACKLOG = 200_000
WARM_UP = 10  # batches


def metric(batch: int, processes: int) -> str:
    """Name the figure of one cell."""
    return f"items/s b{batch} p{processes}"


def cpu_metric(batch: int, processes: int) -> str:
    """Name the processor time of one cell."""
    return f"server CPU us/item b{batch} p{processes}"


BARS = [
    Bar(metric(100, 2), "pgbacklog", at_least=1.3, against="pgmq"),
    Bar(metric(100, 2), "pgbacklog", at_least=1.4, against="classic"),
    *(
        Bar(metric(batch, processes), "pgbacklog", at_least=1.0, against="pgmq")
        for batch in (1, 10)
        for processes in PROCESSES
    ),
    *(
        Bar(metric(batch, processes), "pgbacklog_one_call", at_least=1.4, against="pgmq")
        for batch in (1, 10)
        for processes in PROCESSES
    ),
    *(Bar(cpu_metric(batch, 1), "pgbacklog", against="pgmq") for batch in BATCHES),
    *(Bar(cpu_metric(batch, 1), "pgbacklog_one_call", against="pgmq") for batch in BATCHES),
]


class Drained(NamedTuple):
    """What one process did: items, seconds, and processor seconds of its backend if known."""

    items: int
    seconds: float
    cpu_seconds: float | None


def drain_in_process(
    system: QueueSystem,
    worker: str,
    batch: int,
    seconds: float,
    barrier: Barrier,
    out: Queue[Drained],
) -> None:
    """Drain on a connection of this process, starting together with the others."""
    with system.connect() as connection:
        system.join(connection, worker)
        # A long-lived worker is meant: its plans are made and its catalog caches are warm.
        for _ in range(WARM_UP):
            if items := system.claim(connection, batch, worker):
                system.acknowledge(connection, items, worker)
        barrier.wait(60)
        before = backend_cpu_seconds(connection)
        items, spent = system.drain(connection, batch, seconds, worker)
        after = backend_cpu_seconds(connection)
        cpu = None if before is None or after is None else after - before
        out.put(Drained(items, spent, cpu))


def measure(
    system: QueueSystem, batch: int, processes: int, seconds: float, results: Results
) -> None:
    """Drain with several processes at once, and record what they did together."""
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(processes)
    out: Queue[Drained] = context.Queue()
    workers = [
        context.Process(
            target=drain_in_process,
            args=(system, f"w{number}", batch, seconds, barrier, out),
        )
        for number in range(1, processes + 1)
    ]
    for process in workers:
        process.start()
    done: list[Drained] = [out.get(timeout=120 + seconds) for _ in workers]
    for process in workers:
        process.join()
    items = sum(part.items for part in done)
    rate = items / max(part.seconds for part in done)
    results.add(system.name, metric(batch, processes), rate)
    cpu = [part.cpu_seconds for part in done if part.cpu_seconds is not None]
    if items and len(cpu) == processes:
        results.add(system.name, cpu_metric(batch, processes), sum(cpu) / items * 1e6)


def prepare(system: QueueSystem, rows: int, batch: int) -> None:
    """Bring the backlog to its size, and leave nothing for autovacuum to do meanwhile."""
    rows = min(rows, system.largest_backlog)
    if isinstance(system, Pgque):
        system.setup()
    with system.connect() as connection:
        lacking = rows - system.backlog(connection)
        if lacking > rows // 10:
            system.fill(connection, lacking, batch)
        system.vacuum(connection)


def run(server: Server, settings: Settings, results: Results) -> None:
    """Measure every batch size and number of processes for every system, round by round."""
    rows = settings.rows_or(BACKLOG)
    with installed(KINDS, server, settings, results) as systems:
        for number in range(settings.rounds):
            server.checkpoint()
            for batch in BATCHES:
                for processes in PROCESSES:
                    # Every other round runs backwards, so that nobody always follows the same.
                    for system in systems[:: -1 if number % 2 else 1]:
                        prepare(system, rows, batch)
                        measure(system, batch, processes, settings.seconds, results)
    results.notes.append(
        f"backlog {rows:,}; absurd {min(rows, Absurd.largest_backlog):,} because its claim walks"
        " the whole backlog; pgque 3,000 at b1 and 25,000 at b10, and it acknowledges a batch by"
        " moving a cursor; plain, delete_returning and pgmq keep no history; delete_returning"
        " has no lease"
    )
