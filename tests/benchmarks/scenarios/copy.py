"""Copy: a table into another of the same database, in chunks, beside one big statement and a loop.

pgbacklog leases each chunk, looks at the server's health, counts, and writes a checkpoint event. The
loop does what is written by hand: the next rows by key and its own cursor, committed together. Both
commit without a wait for the disk: a crash would take back rows and checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from threading import Thread

import psycopg
from psycopg.types.json import Jsonb

from pgbacklog import schema
from pgbacklog.backfill import STEP

from ..report import Bar, Results
from ..server import Server, backend_cpu_seconds
from ..settings import Settings
from ..source import COLUMNS, make_source
from ..timing import stopwatch

ROWS = 2_000_000
CHUNK = 10_000

SPEED = "rows/s copied"
CPU = "server CPU us/row"

BARS = [
    Bar(SPEED, "pgbacklog", at_least=0.8, against="one_insert"),
    Bar(SPEED, "pgbacklog_2_workers", at_least=1.0, against="keyset_loop"),
    Bar(SPEED, "pgbacklog", against="keyset_loop"),
    Bar(CPU, "pgbacklog", against="one_insert"),
]
NEXT_CHUNK = f"""
with picked as (
  select {COLUMNS} from src where id > (select last_id from place) order by id limit {CHUNK}
), copied as (
  insert into dst select * from picked returning id
)
update place set last_id = c.last_id
from (select max(id) as last_id from copied) as c
where c.last_id is not null
"""


def prepare(server: Server, database: str, rows: int) -> None:
    """Make the table to copy, and the empty one that takes it."""
    server.recreate(database)
    schema.migrate(server.dsn_of(database))
    with server.connect(database) as connection:
        connection.execute("select backlog.create_pipeline('bench')")
        make_source(connection, rows)
        connection.execute("create table dst (like src including all)")
        connection.execute("create table place (last_id bigint not null)")
        connection.execute("vacuum analyze")


def empty(server: Server, database: str) -> None:
    """Bring everything back to where it began, and let the server have finished with it."""
    with server.connect(database) as connection:
        connection.execute("truncate dst, place")
        connection.execute("insert into place values (0)")
    server.checkpoint()


def with_one_insert(dsn: str) -> float | None:
    """Copy everything in one statement."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        before = backend_cpu_seconds(connection)
        connection.execute(f"insert into dst ({COLUMNS}) select {COLUMNS} from src")
        return spent_since(connection, before)


def with_keyset_loop(dsn: str) -> float | None:
    """Copy the next rows by key until there are none; each statement is a transaction."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        before = backend_cpu_seconds(connection)
        # Rows and cursor are one transaction here too: it waits for the disk as little as the other.
        connection.execute("set synchronous_commit = off")
        while connection.execute(NEXT_CHUNK).rowcount:
            pass
        return spent_since(connection, before)


def with_pgbacklog(dsn: str, workers: int = 1) -> float | None:
    """Make a backfill and call run_backfill_step, in as many sessions as it may have workers."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        before = backend_cpu_seconds(connection)
        (made,) = connection.execute(
            "select backlog.create_backfill('bench', 'src', p_destination => %s, p_batch_size => %s, "
            "p_workers => %s)", [Jsonb({"kind": "table", "table": "dst"}), CHUNK, workers],
        ).fetchone()  # fmt: skip
        others = [Thread(target=step_alone, args=(dsn, made)) for _ in range(workers - 1)]
        for other in others:
            other.start()
        step_to_the_end(connection, made)
        for other in others:
            other.join()
        (state,) = connection.execute(
            "select b.state from backlog.backfills as b where b.backfill_id = %s", [made]
        ).fetchone()
        assert state == "COMPLETED", state
        return spent_since(connection, before) if workers == 1 else None


def with_two_workers(dsn: str) -> float | None:
    """As with_pgbacklog, in two sessions."""
    return with_pgbacklog(dsn, workers=2)


def step_alone(dsn: str, backfill_id: int) -> None:
    """Work on a backfill on a connection of its own."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        step_to_the_end(connection, backfill_id)


def step_to_the_end(connection: psycopg.Connection, backfill_id: int) -> None:
    """Work on a backfill until no more is to be done."""
    more = True
    while more:
        (done,) = connection.execute(STEP, [backfill_id]).fetchone()
        more = done["more"]


def spent_since(connection: psycopg.Connection, before: float | None) -> float | None:
    """Return the processor seconds of this session since `before`, where they can be read."""
    after = backend_cpu_seconds(connection)
    return None if before is None or after is None else after - before


def run(server: Server, settings: Settings, results: Results) -> None:
    """Copy the table with every system in turn, every other round in reverse order."""
    rows = settings.rows_or(ROWS)
    database = f"{settings.database_prefix}copy"
    prepare(server, database, rows)
    systems: dict[str, Callable[[str], float | None]] = {
        "pgbacklog": with_pgbacklog, "one_insert": with_one_insert, "keyset_loop": with_keyset_loop,
        "pgbacklog_2_workers": with_two_workers,
    }  # fmt: skip
    systems = {name: call for name, call in systems.items() if settings.wants(name)}
    try:
        for number in range(settings.rounds):
            for name in systems if number % 2 == 0 else reversed(systems):
                empty(server, database)
                with stopwatch() as spent:
                    cpu = systems[name](server.dsn_of(database))
                with server.connect(database) as connection:
                    (found,) = connection.execute("select count(*) from dst").fetchone()
                assert found == rows, f"{name} copied {found} of {rows} rows"
                results.add(name, SPEED, rows / spent.seconds)
                if cpu is not None:
                    results.add(name, CPU, cpu / rows * 1e6)
    finally:
        with suppress(psycopg.Error):
            server.drop(database)
    results.notes.append(f"{rows:,} rows of 7 columns in chunks of {CHUNK:,}")
