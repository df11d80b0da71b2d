"""Tables that a backfill reads and writes are renamed, replaced, changed and dropped while it runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from support.database import Database
from support.listening import eventually
from support.stepping import ROWS, SOURCE, assert_equal, make, run, state, step

# Another table of the same shape takes the name.
FRESH = f"""
create table public.fresh (like public.src including all);
insert into public.fresh select n, -1, 'wrong' from generate_series(1, {ROWS}) as n;
analyze public.fresh;
"""
REPLACE = "alter table public.{0} rename to old; alter table public.fresh rename to {0}"


@pytest.fixture
def conn(db: Database) -> psycopg.Connection[Any]:
    """A session on a database with a table to copy."""
    conn = db.connect()
    conn.execute(SOURCE)
    return conn


@contextmanager
def in_the_way(db: Database, statement: str, call: Callable[[psycopg.Connection[Any]], object]) -> Iterator[list[Any]]:
    """Call something that waits for a statement to be committed; yield what it returned or raised."""
    owner, worker, watch = db.connect(), db.connect(), db.connect()
    owner.execute("begin")
    owner.execute(statement)
    found: list[Any] = []

    def wait() -> None:
        try:
            found.append(call(worker))
        except psycopg.Error as error:
            found.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    eventually(lambda: watch.execute(
        "select from pg_stat_activity as a where %s = any (pg_blocking_pids(a.pid))", [owner.info.backend_pid]
    ).fetchone() is not None)  # fmt: skip
    owner.execute("commit")
    thread.join(120)
    assert found, "it still waits"
    yield found


def begun(conn: psycopg.Connection[Any], **options: Any) -> int:
    """Make a backfill of which one chunk is copied and the next one is cut."""
    made = make(conn, workers=1, **options)
    while step(conn, made)["action"] != "copied":
        pass
    return made


def resumed(conn: psycopg.Connection[Any], made: int, table: str) -> None:
    """See that a backfill has stopped, give the table its name back, and go on to an end that is exact."""
    assert state(conn, made)[0] == "FAILED"
    with pytest.raises(psycopg.Error) as refused:
        conn.execute("select backlog.resume_backfill(%s)", [made])
    assert refused.value.sqlstate == "PB304"
    conn.execute(f"alter table public.{table} rename to fresh; alter table public.old rename to {table}")
    conn.execute("select backlog.resume_backfill(%s)", [made])
    run(conn, made)
    assert state(conn, made)[0] == "COMPLETED"
    assert_equal(conn)


@pytest.mark.parametrize("consistency", ["chunk", "converge"])
@pytest.mark.parametrize("table", ["src", "dst"])
def test_a_table_is_replaced_while_a_step_waits_for_it(
    db: Database, conn: psycopg.Connection[Any], table: str, consistency: str
) -> None:
    made = begun(conn, consistency=consistency)
    conn.execute(FRESH)
    with in_the_way(db, REPLACE.format(table), lambda worker: step(worker, made)) as found:
        assert "is gone" in found[0]["reason"]
    assert conn.execute("select count(*) from public.dst where v = -1").fetchone() == (
        (ROWS if table == "dst" else 0),
    )
    resumed(conn, made, table)


@pytest.mark.parametrize("waiting", ["step", "tick"])
def test_the_source_is_replaced_while_the_end_waits_for_it(
    db: Database, conn: psycopg.Connection[Any], waiting: str
) -> None:
    made = begun(conn, consistency="converge")
    while conn.execute("select from backlog.backfill_chunks where state = 'PENDING'").fetchall():
        step(conn, made)
    conn.execute("update public.src set v = 0 where id = 5")
    conn.execute(FRESH)
    call = {
        "step": lambda worker: step(worker, made),
        "tick": lambda worker: worker.execute("select backlog.tick()"),
    }[waiting]
    with in_the_way(db, REPLACE.format("src"), call):
        pass
    resumed(conn, made, "src")


@pytest.mark.parametrize(("table", "change", "reason"), [
    ("src", "drop table public.src", "source table is gone"),
    ("dst", "drop table public.dst", "target table is gone"),
    ("src", "alter table public.src drop column note", "column public.src.note is gone"),
    ("src", "alter table public.src alter v type bigint", "column public.src.v was integer and is bigint"),
    ("dst", "alter table public.dst alter v type text", "column public.dst.v was integer and is text"),
])  # fmt: skip
def test_a_table_is_changed_while_a_step_waits_for_it(
    db: Database, conn: psycopg.Connection[Any], table: str, change: str, reason: str
) -> None:
    made = begun(conn)
    before = conn.execute("select count(*) from public.dst").fetchone()
    with in_the_way(db, change, lambda worker: step(worker, made)) as found:
        assert reason in found[0]["reason"]
    assert state(conn, made)[0] == "FAILED"
    if change != "drop table public.dst":
        assert conn.execute("select count(*) from public.dst").fetchone() == before


def test_the_source_is_replaced_while_it_is_verified(db: Database, conn: psycopg.Connection[Any]) -> None:
    made = make(conn, batch_size=1000)
    run(conn, made)
    conn.execute(FRESH)
    verify = "select bool_and(v.is_equal) from backlog.verify_backfill(%s) as v"
    with in_the_way(db, REPLACE.format("src"), lambda worker: worker.execute(verify, [made])) as found:
        assert found[0].sqlstate == "PB304"
    assert conn.execute("select count(*) from backlog.backfill_differences").fetchone() == (0,)


@pytest.mark.parametrize("rows", [ROWS, 0])
def test_the_source_is_replaced_before_a_writer_reads_it(conn: psycopg.Connection[Any], rows: int) -> None:
    """A worker has the text of a query: in another table of that name it must not even find nothing."""
    made = make(conn, destination={"kind": "parquet", "path": "lake"}, batch_size=1000)
    chunk = "select c.chunk_id from backlog.backfill_chunks as c where c.backfill_id = %s order by 1 limit 1"
    (order,) = conn.execute(f"select backlog.backfill_chunk_query(({chunk}))", [made]).fetchone()
    queries = [order["query"], order["comparison"]["query"]]
    for query in queries:
        assert conn.execute(query).fetchone() is not None
    conn.execute(FRESH + f"delete from public.fresh where id > {rows}")
    conn.execute(REPLACE.format("src"))
    for query in queries:
        with pytest.raises(psycopg.DataError, match="src is another table now"):
            conn.execute(query)
    conn.execute("drop table public.src")
    for query in queries:
        with pytest.raises(psycopg.errors.UndefinedTable):
            conn.execute(query)
