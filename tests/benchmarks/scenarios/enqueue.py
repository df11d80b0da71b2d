"""Enqueue: single messages by pgbench, thousands at a time from Python and on the server."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence

from ..payload import PAYLOAD_SQL, payload
from ..report import Bar, Results
from ..server import Connection, Server, UnavailableError
from ..settings import Settings
from ..systems import (
    Absurd,
    Backlog,
    Classic,
    Pgmq,
    Pgque,
    Plain,
    QueueSystem,
    installed,
)

KINDS: tuple[type[QueueSystem], ...] = (Backlog, Classic, Plain, Pgmq, Pgque, Absurd)
CLIENTS = (1, 2, 8)
BATCH = 1000

# Made once: what is compared is the way to the table, not Python's JSON encoder.
MESSAGES = [payload(number) for number in range(BATCH)]
MESSAGES_TEXT = f"[{','.join(MESSAGES)}]"
ITEMS_TEXT = json.dumps(
    [{"event_type": "bench", "event_data": json.loads(message)} for message in MESSAGES]
)


def single(clients: int) -> str:
    """Name the figure of single messages with this many clients."""
    return f"single/s c{clients}"


SERVER_BULK = "server bulk rows/s"
PYTHON_BULK = "python bulk rows/s"

BARS = [
    # The raw INSERT goes into the classic table: nearly the same columns, two indexes.
    Bar(single(1), "pgbacklog", at_least=0.85, against="classic"),
    *(Bar(single(clients), "pgbacklog", against="classic") for clients in CLIENTS[1:]),
    Bar(single(1), "pgbacklog", at_least=1.3, against="pgmq"),
    Bar(PYTHON_BULK, "pgbacklog", at_least=3.0, against="jsonb[] parameter"),
    Bar(SERVER_BULK, "pgbacklog", at_least=1.0, against="pgmq"),
]


def prepare_batch(connection: Connection) -> None:
    """Store a thousand messages on the server, in the shapes that the bulk calls take.

    Stored without compression: unpacking it anew for each call would blur the comparison.
    """
    connection.execute("create table bench_batch (list jsonb, payloads jsonb[])")
    connection.execute(
        "alter table bench_batch alter list set storage external,"
        " alter payloads set storage external"
    )
    connection.execute(
        "insert into bench_batch (list, payloads)"
        f" select jsonb_agg(m.payload), array_agg(m.payload) from (select {PAYLOAD_SQL} as payload"
        f" from generate_series(1, {BATCH}) as g) as m"
    )


def send_batch(connection: Connection) -> None:
    """Enqueue a batch in pgbacklog as one JSON text, and count the result on the server."""
    connection.execute(
        "select count(*) from backlog.enqueue_retry_batch('bench', %s::jsonb)", (MESSAGES_TEXT,)
    )


def send_batch_and_read(connection: Connection) -> None:
    """Enqueue a batch in pgbacklog and fetch the id of each item."""
    connection.execute(
        "select * from backlog.enqueue_retry_batch('bench', %s::jsonb)", (MESSAGES_TEXT,)
    ).fetchall()


def send_items(connection: Connection) -> None:
    """Enqueue items that might each be of another kind, and count the result on the server."""
    connection.execute("select count(*) from backlog.enqueue_retry_items(%s::jsonb)", (ITEMS_TEXT,))


def send_jsonb_array(connection: Connection) -> None:
    """Insert a batch into the plain table as an array of JSON texts, as one is tempted to."""
    connection.execute(
        "insert into q (payload) select unnest(%s::jsonb[])",
        (MESSAGES,),
    )


def send_one_text(connection: Connection) -> None:
    """Insert a batch into the plain table as one JSON text: the ceiling of this way."""
    connection.execute(
        "insert into q (payload) select jsonb_array_elements(%s::jsonb)",
        (MESSAGES_TEXT,),
    )


# label, the system whose database it uses, how to send one batch
PYTHON_WAYS: tuple[tuple[str, str, Callable[[Connection], None]], ...] = (
    ("pgbacklog", "pgbacklog", send_batch),
    ("pgbacklog, ids read", "pgbacklog", send_batch_and_read),
    ("pgbacklog, mixed items", "pgbacklog", send_items),
    ("jsonb[] parameter", "plain", send_jsonb_array),
    ("plain, one text", "plain", send_one_text),
)


def python_rate(system: QueueSystem, send: Callable[[Connection], None], seconds: float) -> float:
    """Return the rows per second of one Python client that sends batch after batch."""
    with system.connect() as connection:
        send(connection)
        sent, started = 0, time.perf_counter()
        while (spent := time.perf_counter() - started) < seconds:
            send(connection)
            sent += BATCH
    return sent / spent


def measure_with_pgbench(
    systems: Sequence[QueueSystem], settings: Settings, results: Results
) -> None:
    """Measure one round of what the server does when the client costs nearly nothing.

    Raises UnavailableError when pgbench is not installed.
    """
    for clients in CLIENTS:
        for system in systems:
            rate = system.server.pgbench(
                system.database, system.single_sql(), clients, settings.seconds
            )
            results.add(system.name, single(clients), rate)
    for system in systems:
        rate = system.server.pgbench(system.database, system.bulk_sql(), 1, settings.seconds)
        results.add(system.name, SERVER_BULK, BATCH * rate)


def run(server: Server, settings: Settings, results: Results) -> None:
    """Measure single and bulk enqueues of every system, round by round."""
    with installed(KINDS, server, settings, results) as systems:
        for system in systems:
            with system.connect() as connection:
                prepare_batch(connection)
        by_name = {system.name: system for system in systems}
        for number in range(settings.rounds):
            order = systems[:: -1 if number % 2 else 1]
            server.checkpoint()
            try:
                measure_with_pgbench(order, settings, results)
            except UnavailableError as reason:
                for metric in (*map(single, CLIENTS), SERVER_BULK):
                    results.skip(metric, str(reason))
            for label, name, send in PYTHON_WAYS[:: -1 if number % 2 else 1]:
                if name in by_name:
                    rate = python_rate(by_name[name], send, settings.seconds)
                    results.add(label, PYTHON_BULK, rate)
    results.notes.append(
        "classic and plain enqueue by a raw INSERT; absurd has no bulk call, so its server bulk"
        " is one call per row in one statement"
    )
