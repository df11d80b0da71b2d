"""Workers, sources and destinations of backfills die at every edge; what arrives is compared exactly."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgbacklog import schema
from pgbacklog.embedded import EmbeddedServer

from support.backfilling import create, read_parquet, state, url
from support.crashing import (
    IDLE,
    OPTIONS,
    ROWS,
    Turnstile,
    connect,
    connections,
    kill_server,
    prepare,
    reachable,
    source,
    unless_locked,
)
from support.database import Database
from support.listening import PATIENCE, ListenerProcess, eventually

# A writer like another, in a process that dies once for each chunk: at another edge for each.
DEADLY = """
    import os, signal, threading
    from pathlib import Path
    from pgbacklog.writers import writer
    from pgbacklog.writers.{module} import {base}

    EDGES = ["before begin", "after begin", "after write", "before commit", "after commit"]
    ALONE = threading.Lock()  # a thread that dies takes the others with it, and none may be half-way through here

    def die(chunk, edge):
        mark = Path(os.environ["TEST_FOLDER"]) / f"died-{{chunk.chunk_id}}"
        with ALONE:
            if EDGES[(chunk.chunk_id + 4) % 5] == edge and not mark.exists():
                mark.write_text(edge)
                os.kill(os.getpid(), signal.SIGKILL)

    @writer("deadly")
    class Deadly({base}):
        def begin(self, chunk):
            self.chunk = chunk
            die(chunk, "before begin")
            answer = super().begin(chunk)
            die(chunk, "after begin")
            return answer

        def write(self, batch):
            written = super().write(batch)
            die(self.chunk, "after write")
            return written

        def commit(self, chunk, receipt):
            die(chunk, "before commit")
            super().commit(chunk, receipt)
            die(chunk, "after commit")
"""


@pytest.fixture
def conn(db: Database) -> psycopg.Connection[Any]:
    """A database with the table orders."""
    return prepare(db.connect())


def carry_through(conn: psycopg.Connection[Any], made: int, start: Callable[[], ListenerProcess]) -> int:
    """Start a listener again after each death until the backfill has ended; return the deaths."""
    deaths, end = 0, time.monotonic() + 3 * PATIENCE
    process = start()
    while state(conn, made)["state"] not in ("COMPLETED", "FAILED"):
        assert time.monotonic() < end, conn.execute("select * from backlog.backfill_chunks").fetchall()
        time.sleep(0.05)
        if process.process.poll() is not None:
            deaths += 1
            process = start()
    assert state(conn, made)["state"] == "COMPLETED"
    return deaths


PLACES = ["postgres", "mysql", "parquet", "duckdb"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", PLACES)
def test_workers_die_at_every_edge(
    conn: psycopg.Connection[Any], listen, tmp_path: Path, request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch, kind: str,
) -> None:
    """Appending is the hardest: nothing but fence and receipt keeps a row from being doubled."""
    monkeypatch.setenv("TEST_FOLDER", str(tmp_path))
    monkeypatch.setenv("PGBACKLOG_FILES", str(tmp_path))
    bases = {"postgres": "Postgres", "mysql": "MySQL", "parquet": "Parquet", "duckdb": "DuckDB"}
    options, read = destination(kind, request, tmp_path)
    made = create(conn, {**options, "kind": "deadly", "mode": "append"}, "orders", batch_size=ROWS // 5)

    hooks = DEADLY.format(module=kind, base=bases[kind])
    deaths = carry_through(conn, made, lambda: listen(hooks, *OPTIONS))

    edges = {x.read_text() for x in tmp_path.glob("died-*")}
    assert edges == {"before begin", "after begin", "after write", "before commit", "after commit"}
    assert deaths == len(list(tmp_path.glob("died-*")))
    assert sorted(read()) == source(conn)
    assert state(conn, made)["rows_matched"] == ROWS


def destination(
    kind: str, request: pytest.FixtureRequest, folder: Path
) -> tuple[dict[str, Any], Callable[[], list[tuple[Any, ...]]]]:
    """Make a place without any constraint; return where it is, and what reads it."""
    table = "create table orders (id int, region varchar(10), note varchar(40))"
    query = "select id, region, note from orders"
    if kind == "parquet":
        return {"path": "lake"}, lambda: read_parquet(folder / "lake", ["id", "region", "note"])
    if kind == "duckdb":
        import duckdb

        def ask(statement: str) -> list[tuple[Any, ...]]:
            with duckdb.connect(str(folder / "d.duckdb")) as conn:
                return conn.execute(statement).fetchall()

        ask(table)
        # The file belongs to the listener until it has closed it.
        return {"path": "d.duckdb", "table": "orders"}, lambda: eventually(lambda: unless_locked(ask, query))
    if kind == "mysql":
        database = request.getfixturevalue("mysql_db")
        database.query(table)
        connections(folder, there=database.url())
        return {"connection": "there", "table": "orders"}, lambda: database.query(query)
    other = request.getfixturevalue("empty_db")
    with other.connect() as conn:
        conn.execute(table)
    connections(folder, there=url(other.dsn))
    return {"connection": "there", "table": "public.orders"}, lambda: other.connect().execute(query).fetchall()


@pytest.mark.slow
def test_workers_are_killed_at_random(
    conn: psycopg.Connection[Any], listen, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    options, read = destination("postgres", request, tmp_path)
    made = create(conn, {**options, "kind": "postgres", "mode": "append"}, "orders", batch_size=200)
    chance = random.Random(7)
    for _ in range(5):
        process = listen(IDLE, "--writer", "postgres", *OPTIONS)
        time.sleep(chance.uniform(0.05, 0.5))
        os.kill(process.process.pid, signal.SIGKILL)
        process.ended()
    carry_through(conn, made, lambda: listen(IDLE, "--writer", "postgres", *OPTIONS))
    assert sorted(read()) == source(conn)


@pytest.mark.slow
def test_the_destination_dies(
    conn: psycopg.Connection[Any], listen, tmp_path: Path, own_server: EmbeddedServer
) -> None:
    """Its postmaster and all its sessions are killed while chunks are written; it comes back."""
    with connect(own_server) as there:
        there.execute("create table orders (id int, region text, note text)")
        turnstile = Turnstile(there, "public.orders", 1000)
    connections(tmp_path, there=url(own_server.dsn))
    made = create(
        conn, {"kind": "postgres", "connection": "there", "table": "public.orders", "mode": "append"},
        "orders", batch_size=100,
    )
    listen(IDLE, "--writer", "postgres", *OPTIONS)
    for more in (3000, ROWS * 2):
        with connect(own_server) as there:
            eventually(lambda: turnstile.reached(there))
            turnstile.turn(there, more)
        kill_server(own_server)
    eventually(lambda: state(conn, made)["state"] == "COMPLETED")
    with eventually(lambda: reachable(own_server.dsn)) as again:
        rows = again.execute("select id, region, note from orders order by id").fetchall()
    assert rows == source(conn)


@pytest.mark.slow
def test_the_source_dies(tmp_path: Path, own_server: EmbeddedServer, empty_db: Database) -> None:
    """The database of source and queue is killed while chunks are read and completed."""
    schema.migrate(own_server.dsn)
    conn = prepare(psycopg.connect(own_server.dsn, autocommit=True))
    rows = source(conn)
    there = empty_db.connect()
    there.execute("create table orders (id int, region text, note text)")
    turnstile = Turnstile(there, "public.orders", 1000)
    connections(tmp_path, there=url(empty_db.dsn))
    made = create(
        conn, {"kind": "postgres", "connection": "there", "table": "public.orders", "mode": "append"},
        "orders", batch_size=100,
    )
    process = ListenerProcess(own_server.dsn, tmp_path, IDLE, "--writer", "postgres", *OPTIONS).ready()
    try:
        for more in (3000, ROWS * 2):
            eventually(lambda: turnstile.reached(there))
            kill_server(own_server)
            turnstile.turn(there, more)

        def ended() -> bool:
            found = reachable(own_server.dsn)
            return found is not None and state(found, made)["state"] == "COMPLETED"

        eventually(ended)
    finally:
        process.close()
    assert there.execute("select id, region, note from orders order by id").fetchall() == rows
