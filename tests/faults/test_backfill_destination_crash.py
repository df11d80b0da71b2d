"""A writer is stopped at one edge after the other, and there the servers die, or the writer itself."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import closing
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
    connections,
    ended,
    kill_server,
    prepare,
    reachable,
    source,
    unless_locked,
)
from support.database import Database
from support.halting import EVERYWHERE, Halts
from support.listening import ListenerProcess, eventually
from support.parts import MariaDatabase, MariaDB

pytestmark = pytest.mark.slow

TABLE = "create table orders (id int, region varchar(10), note varchar(40))"
QUERY = "select id, region, note from orders"
EDGES = {
    "postgres": [*EVERYWHERE, "in commit"],
    "mysql": [*EVERYWHERE, "in commit"],
    "duckdb": [*EVERYWHERE, "in commit"],
    "parquet": [*EVERYWHERE, "after rename"],
}
Read = Callable[[], list[tuple[Any, ...]]]


@pytest.fixture
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, dict[str, Any], Read]:
    """A destination of the kind that the test names, without any key; its options, what reads it.

    Appending is the hardest: nothing but fence and receipt keeps a row from being doubled.
    """
    kind = request.param
    monkeypatch.setenv("TEST_FOLDER", str(tmp_path))
    monkeypatch.setenv("PGBACKLOG_FILES", str(tmp_path))
    options, read = {
        "postgres": _in_postgres, "mysql": _in_mysql, "duckdb": _in_duckdb, "parquet": _in_parquet,
    }[kind](request, tmp_path)  # fmt: skip
    return kind, {**options, "mode": "append"}, read


def _in_postgres(request: pytest.FixtureRequest, folder: Path) -> tuple[dict[str, Any], Read]:
    server: EmbeddedServer = request.getfixturevalue("own_server")

    def ask(statement: str) -> list[tuple[Any, ...]]:
        with closing(eventually(lambda: reachable(server.dsn))) as conn:
            cursor = conn.execute(statement)
            return cursor.fetchall() if cursor.description else []

    ask(TABLE)
    connections(folder, there=url(server.dsn))
    return {"connection": "there", "table": "public.orders"}, lambda: ask(QUERY)


def _in_mysql(request: pytest.FixtureRequest, folder: Path) -> tuple[dict[str, Any], Read]:
    database: MariaDatabase = request.getfixturevalue("mortal_db")
    database.query(TABLE)
    connections(folder, there=database.url())
    return {"connection": "there", "table": "orders"}, lambda: database.query(QUERY)


def _in_duckdb(request: pytest.FixtureRequest, folder: Path) -> tuple[dict[str, Any], Read]:
    import duckdb

    def ask(statement: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(folder / "d.duckdb")) as conn:
            return conn.execute(statement).fetchall()

    ask(TABLE)
    # The file belongs to the listener until it has closed it.
    return {"path": "d.duckdb", "table": "orders"}, lambda: eventually(lambda: unless_locked(ask, QUERY))


def _in_parquet(request: pytest.FixtureRequest, folder: Path) -> tuple[dict[str, Any], Read]:
    return {"path": "lake"}, lambda: read_parquet(folder / "lake", ["id", "region", "note"])


def make(conn: psycopg.Connection[Any], options: dict[str, Any]) -> int:
    """Make a backfill of more chunks than there are edges."""
    return create(conn, {**options, "kind": "halting"}, "orders", batch_size=ROWS // 10)


@pytest.mark.parametrize("place", ["mysql", "postgres"], indirect=True)
def test_the_destination_dies_at_every_edge(
    db: Database, tmp_path: Path, place: tuple[str, dict[str, Any], Read],
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    """Also after it has committed, when the answer does not arrive: only the receipt tells."""
    kind, options, read = place
    conn = prepare(db.connect())
    made = make(conn, options)
    edges = [*EDGES[kind], "commit unanswered"]
    with Halts(db.dsn, tmp_path, kind, edges) as halts:
        for edge in edges:
            halts.reach(edge)
            attempts = halts.attempts()
            if kind == "mysql":
                mariadb: MariaDB = request.getfixturevalue("durable_mariadb")
                mariadb.kill()
            else:
                kill_server(request.getfixturevalue("own_server"))  # it comes back by itself
            halts.leave(edge)
            eventually(lambda: halts.attempts() > attempts)  # noqa: B023
            if kind == "mysql":
                mariadb.start()
        found = ended(db.dsn, made)
        receipts = halts.found_receipts()
    assert found["state"] == "COMPLETED"
    assert sorted(read()) == source(conn)
    assert found["rows_matched"] == found["rows_written"] == ROWS
    assert receipts >= 1


@pytest.mark.parametrize("place", ["mysql", "duckdb", "parquet"], indirect=True)
def test_the_source_dies_at_every_edge(
    own_server: EmbeddedServer, tmp_path: Path, place: tuple[str, dict[str, Any], Read]
) -> None:
    """And with it the queue, which cannot be told what became of the chunk."""
    kind, options, read = place
    schema.migrate(own_server.dsn)
    with psycopg.connect(own_server.dsn, autocommit=True) as conn:
        prepare(conn)
        rows = source(conn)
        made = make(conn, options)
    with Halts(own_server.dsn, tmp_path, kind, EDGES[kind]) as halts:
        for edge in EDGES[kind]:
            halts.reach(edge)
            kill_server(own_server)
            halts.leave(edge)
        found = ended(own_server.dsn, made)
    assert found["state"] == "COMPLETED"
    assert sorted(read()) == rows
    assert found["rows_matched"] == found["rows_written"] == ROWS


@pytest.mark.parametrize("place", ["mysql", "duckdb", "parquet"], indirect=True)
def test_the_writer_dies_in_its_commit(
    db: Database, tmp_path: Path, place: tuple[str, dict[str, Any], Read]
) -> None:
    kind, options, read = place
    conn = prepare(db.connect())
    made = make(conn, options)
    edges = EDGES[kind][-2:]
    with Halts(db.dsn, tmp_path, kind, edges) as halts:
        for edge in edges:
            halts.reach(edge)
            os.kill(halts.listeners[-1].process.pid, signal.SIGKILL)
            halts.listeners[-1].ended()
            halts.start()
        found = ended(db.dsn, made)
        receipts = halts.found_receipts()
    assert found["state"] == "COMPLETED"
    assert sorted(read()) == source(conn)
    assert found["rows_matched"] == found["rows_written"] == ROWS
    assert receipts == 1


@pytest.mark.parametrize("place", ["mysql"], indirect=True)
def test_source_and_destination_die_together(
    own_server: EmbeddedServer, tmp_path: Path, place: tuple[str, dict[str, Any], Read],
    durable_mariadb: MariaDB,
) -> None:  # fmt: skip
    kind, options, read = place
    schema.migrate(own_server.dsn)
    with psycopg.connect(own_server.dsn, autocommit=True) as conn:
        prepare(conn)
        rows = source(conn)
        made = make(conn, options)
    edges = ["in batch", "in commit", "after commit"]
    with Halts(own_server.dsn, tmp_path, kind, edges) as halts:
        for edge in edges:
            halts.reach(edge)
            kill_server(own_server)
            durable_mariadb.kill()
            halts.leave(edge)
            durable_mariadb.start()
        found = ended(own_server.dsn, made)
    assert found["state"] == "COMPLETED"
    assert sorted(read()) == rows


@pytest.mark.parametrize("place", ["mysql", "duckdb", "parquet"], indirect=True)
def test_a_worker_wakes_when_its_backfill_was_made_anew(
    db: Database, tmp_path: Path, place: tuple[str, dict[str, Any], Read]
) -> None:
    """Cancelled and deleted while it slept, so that nobody would tell its rows from those of the next run."""
    kind, options, read = place
    conn = prepare(db.connect())
    made = make(conn, options)

    def delete() -> bool:
        try:
            conn.execute("select backlog.delete_backfill(%s)", [made])
        except psycopg.Error as error:
            assert "is still with worker" in str(error)
            return False
        return True

    with Halts(db.dsn, tmp_path, kind, ["in batch"]) as halts:
        halts.reach("in batch")
        sleeping = halts.listeners[0]
        os.kill(sleeping.process.pid, signal.SIGSTOP)
        conn.execute("select backlog.cancel_backfill(%s)", [made])
        eventually(delete)
        again = make(conn, options)
        halts.start()
        os.kill(sleeping.process.pid, signal.SIGCONT)
        halts.leave("in batch")
        eventually(lambda: sleeping.events("stale result dropped") + sleeping.events("chunk left"))
        assert ended(db.dsn, again)["state"] == "COMPLETED"
        assert sleeping.process.poll() is None
    assert sorted(read()) == source(conn)


def test_mariadb_dies_in_the_middle_of_a_statement(
    db: Database, tmp_path: Path, mortal_db: MariaDatabase, durable_mariadb: MariaDB
) -> None:
    """A trigger holds it up at one row, with the rows before it written."""
    mortal_db.query(TABLE)
    mortal_db.query(
        "create trigger gate before insert on orders for each row set @passed = "
        f"if(new.id = {ROWS // 2 + 1}, get_lock('gate', 60), 0)"
    )
    connections(tmp_path, there=mortal_db.url())
    conn = prepare(db.connect())
    made = create(
        conn, {"kind": "mysql", "connection": "there", "table": "orders", "mode": "append"}, "orders",
        batch_size=ROWS,
    )  # fmt: skip
    gate = durable_mariadb.connect()
    with gate.cursor() as cursor:
        cursor.execute("select get_lock('gate', 0)")
        assert cursor.fetchall() == ((1,),)
    listener = ListenerProcess(db.dsn, tmp_path, IDLE, "--writer", "mysql", *OPTIONS).ready()
    try:
        eventually(lambda: mortal_db.query(
            "select 1 from information_schema.processlist as p where p.state = 'User lock'"
        ))  # fmt: skip
        durable_mariadb.kill()
        eventually(lambda: listener.events("chunk failed"))
        durable_mariadb.start()
        assert mortal_db.query(QUERY) == []
        found = ended(db.dsn, made)
    finally:
        listener.close()
    assert found["state"] == "COMPLETED"
    assert sorted(mortal_db.query(QUERY)) == source(conn)


@pytest.mark.parametrize("place", ["mysql"], indirect=True)
def test_mariadb_dies_again_and_again(
    db: Database, tmp_path: Path, place: tuple[str, dict[str, Any], Read], durable_mariadb: MariaDB
) -> None:
    """Anywhere, under two threads."""
    kind, options, read = place
    conn = prepare(db.connect())
    made = create(conn, {**options, "kind": kind}, "orders", batch_size=40)
    listener = ListenerProcess(db.dsn, tmp_path, IDLE, "--writer", kind, *OPTIONS).ready()
    try:
        for _ in range(4):
            before = state(conn, made)["chunks_completed"]
            # On a machine that stops for a while it may be over before the last crashes.
            eventually(lambda: state(conn, made)["chunks_completed"] > min(before + 3, ROWS // 40 - 1))  # noqa: B023
            durable_mariadb.kill()
            durable_mariadb.start()
        found = ended(db.dsn, made)
    finally:
        listener.close()
    assert listener.events("chunk failed")
    assert found["state"] == "COMPLETED"
    assert sorted(read()) == source(conn)
    assert found["rows_matched"] == ROWS
