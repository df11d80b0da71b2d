"""All chunks of a backfill are read in one snapshot, while the table changes under it."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgbacklog import Connections, Listener, Registry, Settings
from pgbacklog.connections import Address
from pgbacklog.registry import Handler
from pgbacklog.writers import builtin

from support.backfilling import Rows, create, read_parquet, state, url
from support.database import Database
from support.listening import eventually

ACCOUNTS, BALANCE = 2000, 1000
TOTAL = ACCOUNTS * BALANCE
ROWS = "select id, balance, note from accounts"


@pytest.fixture
def conn(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection[Any]]:
    """A database with the table accounts; files are written in the test's folder."""
    monkeypatch.setenv("PGBACKLOG_FILES", str(tmp_path))
    with db.connect() as made:
        made.execute("select backlog.create_pipeline('shop')")
        make_accounts(made)
        yield made


def make_accounts(conn: psycopg.Connection[Any], key: str = "primary key") -> None:
    """Make the table accounts; what is on it in all never changes."""
    conn.execute(f"create table accounts (id bigint {key}, balance int not null, note text)")
    conn.execute(
        "insert into accounts select n * 10, %s, md5(n::text) from generate_series(1, %s) as n", [BALANCE, ACCOUNTS]
    )
    conn.execute("analyze accounts")


@contextmanager
def unrest(db: Database, seed: int) -> Iterator[list[int]]:
    """Move money, keys and rows about until the end; yield a list whose length counts transactions."""
    stop, done, chance = threading.Event(), [], random.Random(seed)
    some = "(select a.id from accounts as a order by a.id offset %s limit 1)"

    def change() -> None:
        with db.connect() as other:
            while not stop.is_set():
                kind, where = chance.randrange(4), chance.randrange(ACCOUNTS - 200)
                new = chance.randrange(1, 400_000)
                with other.transaction():
                    if kind == 0:
                        other.execute(f"update accounts set balance = balance - 7 where id = {some}", [where])
                        other.execute(f"update accounts set balance = balance + 7 where id = {some}", [where // 2])
                    elif kind == 1:  # an account moves far away by its key
                        other.execute(
                            f"update accounts set id = %s, note = 'moved' where id = {some} "
                            "and not exists (select from accounts as b where b.id = %s)",
                            [new, where, new],
                        )
                    elif kind == 2:  # a new account, even above all others, gets some of another
                        other.execute(
                            f"with given as (update accounts set balance = balance - 3 where id = {some} "
                            "and not exists (select from accounts as b where b.id = %s) returning 1) "
                            "insert into accounts select %s, 3, 'new' from given",
                            [where, new, new],
                        )
                    else:  # one is closed, and another takes what it had
                        other.execute(
                            f"with closed as (delete from accounts where id = {some} returning id, balance) "
                            "update accounts as a set balance = a.balance + c.balance from closed as c "
                            "where a.id = (select min(b.id) from accounts as b where b.id <> c.id)",
                            [where],
                        )
                done.append(1)

    threads = [threading.Thread(target=change) for _ in range(2)]
    for each in threads:
        each.start()
    try:
        yield done
    finally:
        stop.set()
        for each in threads:
            each.join()


@contextmanager
def listening(
    db: Database, *handlers: Handler | str, urls: dict[str, str] | None = None, threads: int = 3
) -> Iterator[Listener]:
    """Let a listener work in this process meanwhile."""
    registry = Registry()
    registry.update((x.event_type, x) for x in (builtin(x) if isinstance(x, str) else x for x in handlers))
    connections = Connections({name: Address(each) for name, each in (urls or {}).items()})
    listener = Listener(db.dsn, registry, Settings("tester", threads=threads, poll_interval=1), connections)
    thread = threading.Thread(target=listener.run)
    thread.start()
    try:
        yield listener
    finally:
        listener.stop()
        thread.join()


def as_of_snapshot(db: Database, conn: psycopg.Connection[Any], made: int) -> Rows:
    """Return the rows that the backfill's snapshot sees, once there is one."""
    name = eventually(lambda: conn.execute(
        "select snapshot_name from backlog_internal.backfill where backfill_id = %s and snapshot_name is not null",
        [made],
    ).fetchone())  # fmt: skip
    with db.connect(autocommit=False) as other:
        other.execute("set transaction isolation level repeatable read, read only")
        other.execute(f"set transaction snapshot '{name[0]}'")
        return other.execute(ROWS).fetchall()


def ended(conn: psycopg.Connection[Any], made: int) -> dict[str, Any]:
    """Wait for the end of a backfill and return it."""
    eventually(lambda: state(conn, made)["state"] not in ("PENDING", "EXECUTING"), 90)
    return state(conn, made)


def place(kind: str, empty_db: Database, folder: Path) -> tuple[dict[str, Any], dict[str, str], Any]:
    """Return a destination, its connections, and what reads it."""
    if kind == "parquet":
        return {"kind": kind, "path": "lake"}, {}, lambda: read_parquet(folder / "lake", ["id", "balance", "note"])
    to = {"kind": kind, "connection": "there", "table": "public.accounts"}
    return to, {"there": url(empty_db.dsn)}, lambda: empty_db.connect().execute(ROWS).fetchall()


@pytest.mark.parametrize(("kind", "mode"), [("parquet", "append"), ("postgres", "append"), ("postgres", "upsert")])
def test_a_copy_is_exactly_what_the_snapshot_saw(
    db: Database, conn: psycopg.Connection[Any], empty_db: Database, tmp_path: Path, kind: str, mode: str
) -> None:
    to, urls, read = place(kind, empty_db, tmp_path)
    to["mode"] = mode
    with unrest(db, 1) as done:
        made = create(
            conn, to, "accounts", consistency="snapshot", batch_size=40, workers=3, create_target=True
        )
        before = len(done)
        # Rows that are committed after the plan and before the snapshot belong to it, wherever they are.
        eventually(lambda: len(done) > before + 20)
        with listening(db, kind, urls=urls):
            expected = as_of_snapshot(db, conn, made)
            found = ended(conn, made)
    assert found["state"] == "COMPLETED", found
    assert sorted(read()) == sorted(expected)
    assert sum(row[1] for row in expected) == TOTAL
    assert sorted(conn.execute(ROWS).fetchall()) != sorted(expected), "nothing changed meanwhile"
    assert found["chunks"] > 20
    assert (found["rows_matched"], found["phase"]) == (len(expected), "done")
