"""Hooks: checkpoints of single records, sustained; delivery latency; what waking costs who saves."""

from __future__ import annotations

import statistics
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import sql

from ..report import Bar, Results
from ..server import Connection, Server
from ..settings import Settings
from ..systems import Backlog, installed
from ..workers.backlog import (
    CHECKPOINT_HOOKS,
    RECORD,
    BacklogHooks,
    listen_command,
    listen_environment,
    prepare_hooks,
)
from .notify import (
    ALWAYS,
    CHANNEL,
    CLIENTS,
    LISTENERS,
    SHIPPED,
    SILENT,
    measure_announcements,
    metric,
)
from .worker import FINISHED, latency, throughput

RATE = 2000
SAVERS = 8
SUSTAIN = 10  # times the length of a measurement
START_SECONDS = 60
LOOK = 0.1
LATENCY_JOBS = 400
BACKLOG = 20_000

SAVED = f"checkpoints/s saved, asked {RATE:,}"
WAITING = "deliveries waiting, median of the last half"
GROWTH = "deliveries waiting, end minus middle"
WOKEN = f"notifications per 1,000 checkpoints, c{CLIENTS}, {LISTENERS} real listeners"
CALM = 0.25  # a backlog is not one as long as it is worked off in this many seconds

BARS = [
    Bar(SAVED, SHIPPED, at_least=0.97 * RATE),
    Bar(WAITING, SHIPPED, at_most=CALM * RATE),
    Bar(GROWTH, SHIPPED, at_most=CALM * RATE),
    Bar(FINISHED, SHIPPED, at_least=RATE),
    Bar("latency p50 ms", SHIPPED, at_most=10),
    Bar("latency p99 ms", SHIPPED, at_most=50),
    Bar(WOKEN, SHIPPED, at_most=100),
    Bar(metric(0), SHIPPED, at_least=0.85, against=SILENT),
    Bar(metric(LISTENERS), SHIPPED, at_least=0.85, against=SILENT),
    Bar(metric(LISTENERS), SHIPPED, against=ALWAYS),
]


class Checkpoints(Backlog):
    """pgbacklog with one hook that wants every record by itself."""

    def setup(self) -> None:
        super().setup()
        with self.connect() as connection:
            prepare_hooks(connection)

    def single_sql(self) -> str:
        return f"select backlog.save_checkpoint('bench', '{RECORD}'::jsonb);"

    def backlog(self, connection: Connection) -> int:
        """Count the deliveries that wait or are in progress."""
        row = connection.execute("select count(*) from backlog_internal.retry_item").fetchone()
        return int(row[0]) if row else 0


@contextmanager
def real_listeners(system: Checkpoints, count: int) -> Iterator[None]:
    """Keep this many listeners running, as shipped."""
    processes = [
        subprocess.Popen(
            listen_command(CHECKPOINT_HOOKS),
            env=listen_environment(system.server, system.database),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(count)
    ]
    try:
        wait_for_sleep(system, count)
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(60)


def wait_for_sleep(system: Checkpoints, count: int) -> None:
    """Wait until this many listeners have nothing to do and ask to be woken."""
    end = time.monotonic() + START_SECONDS
    query = "select count(*) from backlog_internal.listener where idle_until > clock_timestamp()"
    with system.connect() as connection:
        while connection.execute(query).fetchone() != (count,):
            if time.monotonic() > end:
                raise RuntimeError("the listeners did not start")
            time.sleep(0.1)


class Ear(threading.Thread):
    """Counts the notifications that listeners get."""

    def __init__(self, system: Checkpoints) -> None:
        super().__init__(daemon=True)
        self.system = system
        self.heard = 0
        self.done = threading.Event()

    def run(self) -> None:
        """Count until told to stop."""
        with self.system.connect() as connection:
            connection.execute(sql.SQL("listen {}").format(sql.Identifier(CHANNEL)))
            while not self.done.is_set():
                self.heard += sum(1 for _ in connection.notifies(timeout=0.1))

    def stop(self) -> int:
        """Stop and return the count."""
        self.done.set()
        self.join()
        return self.heard


class Watch(threading.Thread):
    """Notes how many deliveries wait, ten times a second."""

    def __init__(self, system: Checkpoints) -> None:
        super().__init__(daemon=True)
        self.system = system
        self.waiting: list[int] = []
        self.done = threading.Event()

    def run(self) -> None:
        """Look until told to stop."""
        with self.system.connect() as connection:
            while not self.done.wait(LOOK):
                self.waiting.append(self.system.backlog(connection))

    def stop(self) -> list[int]:
        """Stop and return what was seen."""
        self.done.set()
        self.join()
        return self.waiting or [0]


def sustain(system: Checkpoints, settings: Settings, results: Results) -> None:
    """Save checkpoints at a steady rate while one listener delivers them."""
    with real_listeners(system, 1):
        watch = Watch(system)
        watch.start()
        seconds = SUSTAIN * settings.seconds if settings.seconds >= 1 else settings.seconds
        saved = system.server.pgbench(
            system.database, system.single_sql(), SAVERS, seconds, rate=RATE
        )
        waiting = watch.stop()
    middle, end = len(waiting) // 2, max(1, len(waiting) // 8)
    results.add(SHIPPED, SAVED, saved)
    results.add(SHIPPED, WAITING, statistics.median(waiting[middle:]))
    around_middle = statistics.median(waiting[max(0, middle - end) : middle + end])
    results.add(SHIPPED, GROWTH, max(0, statistics.median(waiting[-end:]) - around_middle))


def wake(system: Checkpoints, settings: Settings, results: Results) -> None:
    """Count how often real listeners are woken by many who save as fast as they can."""
    with real_listeners(system, LISTENERS):
        ear = Ear(system)
        ear.start()
        seconds = 3 * settings.seconds if settings.seconds >= 1 else settings.seconds
        saved = system.server.pgbench(system.database, system.single_sql(), CLIENTS, seconds)
        heard = ear.stop()
    total = saved * seconds if seconds >= 1 else 20 * CLIENTS
    results.add(SHIPPED, WOKEN, heard / total * 1000)
    results.add(SHIPPED, f"single/s c{CLIENTS}, {LISTENERS} real listeners", saved)


def run(server: Server, settings: Settings, results: Results) -> None:
    """Measure, round by round."""
    jobs = settings.rows_or(BACKLOG)
    for _ in range(settings.rounds):
        with installed((Checkpoints,), server, settings, results) as systems:
            for system in systems:
                assert isinstance(system, Checkpoints)
                server.checkpoint()
                sustain(system, settings, results)
                wake(system, settings, results)
                measure_announcements(system, settings, results)
        if settings.wants(SHIPPED):
            throughput(settings, BacklogHooks.name, jobs, results, SHIPPED)
            latency(settings, BacklogHooks.name, min(jobs, LATENCY_JOBS), results, SHIPPED)
            server.drop(BacklogHooks(server, settings).database)
    results.notes.append(
        f"listeners with their defaults, a hook that only counts; {SAVERS} pgbench clients save"
        " single records; deliveries that are leased count as waiting"
    )
