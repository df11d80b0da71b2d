"""Who holds the snapshot of a backfill dies: nothing is ever put together from two of them."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgbacklog import schema
from pgbacklog.embedded import EmbeddedServer

from support.backfilling import create, state, url
from support.crashing import (
    IDLE,
    OPTIONS,
    ROWS,
    Turnstile,
    connections,
    kill_server,
    prepare,
    reachable,
    source,
)
from support.database import Database
from support.listening import ListenerProcess, eventually

TO = {"kind": "postgres", "connection": "there", "table": "public.orders", "mode": "append"}
# A writer whose process dies once, at its first chunk.
MORTAL = """
    import os, signal
    from pathlib import Path
    from pgbacklog.writers import writer
    from pgbacklog.writers.postgres import Postgres

    def die(edge):
        mark = Path(os.environ["TEST_FOLDER"]) / "died"
        if os.environ["TEST_EDGE"] == edge and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    @writer("deadly")
    class Mortal(Postgres):
        def commit(self, chunk, receipt):
            die("before commit")
            super().commit(chunk, receipt)
            die("after commit")
"""


@pytest.fixture
def conn(db: Database, empty_db: Database, tmp_path: Path) -> psycopg.Connection[Any]:
    """A database with the table orders, and one that gets a copy without any constraint."""
    empty_db.connect().execute("create table orders (id int, region text, note text)")
    connections(tmp_path, there=url(empty_db.dsn))
    return prepare(db.connect())


def arrived(empty_db: Database) -> list[tuple[Any, ...]]:
    """Return what was copied, with what was copied twice."""
    return empty_db.connect().execute("select id, region, note from orders order by id, note").fetchall()


def kill(process: ListenerProcess) -> None:
    """Kill a listener at once."""
    os.kill(process.process.pid, signal.SIGKILL)
    process.ended()


def change(conn: psycopg.Connection[Any]) -> None:
    """Change, add, remove and move rows everywhere in the table."""
    conn.execute("update orders set note = 'changed' where id % 7 = 0")
    conn.execute("delete from orders where id % 11 = 0")
    conn.execute("update orders set id = -id where id % 13 = 0")
    conn.execute("insert into orders select n, 'eu', 'added' from generate_series(100000, 100200) as n")


def test_without_its_only_holder_a_backfill_fails(
    conn: psycopg.Connection[Any], empty_db: Database, listen
) -> None:
    before = source(conn)
    turnstile = Turnstile(empty_db.connect(), "public.orders", 400)
    made = create(conn, TO, "orders", consistency="snapshot", batch_size=40)
    process = listen(IDLE, "--writer", "postgres", *OPTIONS)
    eventually(lambda: turnstile.reached(empty_db.connect()))
    assert state(conn, made)["snapshot_held"]
    kill(process)
    eventually(lambda: not state(conn, made)["snapshot_held"])
    change(conn)
    turnstile.turn(empty_db.connect(), ROWS * 2)

    listen(IDLE, "--writer", "postgres", *OPTIONS)
    eventually(lambda: state(conn, made)["state"] == "FAILED")
    found = state(conn, made)
    assert "no session holds its snapshot of" in found["reason"]
    assert found["reason"].endswith("Create a new backfill.")
    assert 0 < found["chunks_completed"] < found["chunks"]
    for name in ("resume", "retry"):
        with pytest.raises(psycopg.errors.Error) as raised:
            conn.execute(f"select backlog.{name}_backfill(%s)", [made])
        assert raised.value.sqlstate == "PB304"
        assert "Create a new backfill" in raised.value.diag.message_hint
    rows = arrived(empty_db)
    assert set(rows) < set(before), "rows of another snapshot have arrived"
    assert len(rows) == len(set(rows))


def test_another_listener_keeps_the_snapshot_alive(
    conn: psycopg.Connection[Any], empty_db: Database, listen
) -> None:
    """Whoever works on it holds the snapshot as well, so that it outlives the one who took it."""
    before = source(conn)
    turnstile = Turnstile(empty_db.connect(), "public.orders", 400)
    made = create(conn, TO, "orders", consistency="snapshot", batch_size=40, workers=4)
    first = listen(IDLE, "--writer", "postgres", *OPTIONS)
    eventually(lambda: turnstile.reached(empty_db.connect()))
    assert first.events("snapshot taken")
    change(conn)
    second = listen(IDLE, "--writer", "postgres", *OPTIONS)
    eventually(lambda: second.events("snapshot joined"))
    kill(first)
    done = state(conn, made)["chunks_completed"]
    third = listen(IDLE, "--writer", "postgres", *OPTIONS)
    turnstile.turn(empty_db.connect(), ROWS * 2)
    eventually(lambda: state(conn, made)["state"] not in ("PENDING", "EXECUTING"))
    found = state(conn, made)
    assert (found["state"], found["reason"]) == ("COMPLETED", None)
    assert done < found["chunks_completed"], "it was over before anybody died"
    assert arrived(empty_db) == before
    assert source(conn) != before
    assert not second.events("snapshot taken")
    assert not third.events("snapshot taken")


@pytest.mark.parametrize("edge", ["before commit", "after commit"])
def test_a_new_snapshot_is_taken_while_nothing_was_copied(
    conn: psycopg.Connection[Any], empty_db: Database, listen, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, edge: str,
) -> None:
    """What the destination has taken counts, even if it was the last that the worker did."""
    monkeypatch.setenv("TEST_FOLDER", str(tmp_path))
    monkeypatch.setenv("TEST_EDGE", edge)
    before = source(conn)
    made = create(conn, {**TO, "kind": "deadly"}, "orders", consistency="snapshot", batch_size=500, workers=1)
    listen(MORTAL, *OPTIONS).ended()
    change(conn)
    again = listen(MORTAL, *OPTIONS)
    eventually(lambda: state(conn, made)["state"] not in ("PENDING", "EXECUTING"))
    assert [event["number"] for event in again.events("snapshot taken")] == [2]
    rows, found = arrived(empty_db), state(conn, made)
    if edge == "before commit":
        assert found["state"] == "COMPLETED"
        assert rows == source(conn) != before
    else:
        assert found["state"] == "FAILED"
        assert "was copied in its snapshot 1, which is lost" in found["reason"]
        assert set(rows) < set(before)


@pytest.mark.slow
def test_a_restart_of_the_server_loses_the_snapshot(
    tmp_path: Path, own_server: EmbeddedServer, empty_db: Database
) -> None:
    """Though another session has one of the same name afterwards."""
    schema.migrate(own_server.dsn)
    conn = prepare(psycopg.connect(own_server.dsn, autocommit=True))
    before = source(conn)
    empty_db.connect().execute("create table orders (id int, region text, note text)")
    connections(tmp_path, there=url(empty_db.dsn))
    turnstile = Turnstile(empty_db.connect(), "public.orders", 400)
    made = create(conn, TO, "orders", consistency="snapshot", batch_size=40)
    process = ListenerProcess(own_server.dsn, tmp_path, IDLE, "--writer", "postgres", *OPTIONS).ready()
    try:
        eventually(lambda: turnstile.reached(empty_db.connect()))
        kill_server(own_server)
        turnstile.turn(empty_db.connect(), ROWS * 2)
        with eventually(lambda: reachable(own_server.dsn)) as again:
            eventually(lambda: state(again, made)["state"] == "FAILED")
            assert "no session holds its snapshot of" in state(again, made)["reason"]
    finally:
        process.close()
    rows = arrived(empty_db)
    assert set(rows) < set(before)
    assert len(rows) == len(set(rows))
