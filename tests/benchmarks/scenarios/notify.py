"""Notify: what waking listeners costs the producers."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Event

from psycopg import sql

from ..report import Bar, Results
from ..server import Connection, Server
from ..settings import Settings
from ..systems import Backlog, Classic, QueueSystem, installed

CLIENTS = 32
LISTENERS = 5
BUSY_SECONDS = 0.05
CHANNEL = "backlog_work"

# How pgbacklog may announce new work: as shipped, never, and with every call. The last two
# replace the one function that decides it, in the benchmark's database only.
SHIPPED, SILENT, ALWAYS = "pgbacklog", "pgbacklog, no notification", "pgbacklog, always NOTIFY"
BODIES = {SILENT: "select", ALWAYS: f"select pg_notify('{CHANNEL}', '')"}
CLASSIC, CLASSIC_ALWAYS = "classic", "classic, always NOTIFY"
CLASSIC_TRIGGER = f"""
  create function announce() returns trigger language plpgsql as $$
  begin
    perform pg_notify('{CHANNEL}', '');
    return null;
  end $$;
  create trigger q_announce after insert on q
    for each statement execute function announce();
"""


def metric(listeners: int) -> str:
    """Name the figure with this many listeners."""
    return f"single/s c{CLIENTS}, {listeners} listeners"


BARS = [
    Bar(metric(0), SHIPPED, at_least=0.85, against=SILENT),
    Bar(metric(LISTENERS), SHIPPED, at_least=3.0, against=ALWAYS),
]


def function_source(connection: Connection) -> str:
    """Return the statement that makes the deciding function as it is now."""
    row = connection.execute(
        "select pg_get_functiondef('backlog_internal.announce_work'::regproc)"
    ).fetchone()
    assert row is not None
    return str(row[0])


def replace_function(connection: Connection, body: str) -> None:
    """Give the deciding function another body with the same arguments."""
    row = connection.execute(
        "select pg_get_function_arguments('backlog_internal.announce_work'::regproc)"
    ).fetchone()
    assert row is not None
    connection.execute(
        sql.SQL(
            "create or replace function backlog_internal.announce_work({arguments})"
            " returns void language sql volatile as {body}"
        ).format(arguments=sql.SQL(row[0]), body=sql.Literal(body))
    )


def listen(system: QueueSystem, number: int, stop: Event) -> None:
    """Be a listener: sleep registered as idle, and after each wake-up be busy for a moment.

    It takes nothing from the queue: draining would take the processors from the producers that
    are measured. So it registers itself as the listener's calls do, without their look at the
    queue, which would never let it sleep here.
    """
    idle = (
        "insert into backlog_internal.listener (worker_id, idle_until, seen_at)"
        " values (%s, clock_timestamp() + interval '1 min', clock_timestamp())"
        " on conflict (worker_id) do update set idle_until = excluded.idle_until"
    )
    busy = "update backlog_internal.listener set idle_until = '-infinity' where worker_id = %s"
    registers = isinstance(system, Backlog)
    with system.connect() as ear, system.connect() as hand:
        ear.execute(sql.SQL("listen {}").format(sql.Identifier(CHANNEL)))
        while not stop.is_set():
            if registers:
                hand.execute(idle, (f"listener {number}",))
            if any(True for _ in ear.notifies(timeout=0.2, stop_after=1)):
                if registers:
                    hand.execute(busy, (f"listener {number}",))
                time.sleep(BUSY_SECONDS)


@contextmanager
def listeners(system: QueueSystem, count: int) -> Iterator[None]:
    """Keep this many listeners running."""
    context = multiprocessing.get_context("fork")
    stop = context.Event()
    processes = [
        context.Process(target=listen, args=(system, number, stop)) for number in range(count)
    ]
    for process in processes:
        process.start()
    # They connect and register meanwhile.
    time.sleep(0.3 if count else 0)
    try:
        yield
    finally:
        stop.set()
        for process in processes:
            process.join()


def measure(system: QueueSystem, label: str, settings: Settings, results: Results) -> None:
    """Measure without and with listeners."""
    for count in (0, LISTENERS):
        with listeners(system, count):
            rate = system.server.pgbench(
                system.database, system.single_sql(), CLIENTS, settings.seconds
            )
        results.add(label, metric(count), rate)
        if isinstance(system, Backlog):
            with system.connect() as connection:
                connection.execute("truncate backlog_internal.listener")


def measure_announcements(system: Backlog, settings: Settings, results: Results) -> None:
    """Measure pgbacklog as shipped, silent, and with a notification for every call."""
    measure(system, SHIPPED, settings, results)
    with system.connect() as connection:
        shipped = function_source(connection)
        for label, body in BODIES.items():
            replace_function(connection, body)
            measure(system, label, settings, results)
        connection.execute(shipped.encode())


def run(server: Server, settings: Settings, results: Results) -> None:
    """Measure every way of announcing, round by round."""
    with installed((Backlog, Classic), server, settings, results) as systems:
        by_name = {system.name: system for system in systems}
        for _ in range(settings.rounds):
            server.checkpoint()
            backlog = by_name.get(Backlog.name)
            if isinstance(backlog, Backlog):
                measure_announcements(backlog, settings, results)
            if classic := by_name.get(Classic.name):
                measure(classic, CLASSIC, settings, results)
                with classic.connect() as connection:
                    connection.execute(CLASSIC_TRIGGER)
                    measure(classic, CLASSIC_ALWAYS, settings, results)
                    connection.execute("drop function announce cascade")
    results.notes.append(
        f"{CLIENTS} pgbench clients; listeners are busy for {BUSY_SECONDS * 1e3:g} ms after a"
        " wake-up and take nothing from the queue"
    )
