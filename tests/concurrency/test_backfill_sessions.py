"""Backfills among others: workers beside each other, writers beside workers, cancelled and killed steps.

In the end source and destination are compared exactly.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from support.database import Database
from support.listening import eventually
from support.parts import missing

ROWS = 5000
SOURCE = f"""
create table public.src (id int primary key, v int, note text) with (autovacuum_enabled = false);
insert into public.src select n, n, 'n' || n from generate_series(1, {ROWS}) as n;
analyze public.src;
create table public.dst (like public.src including all);
select backlog.create_pipeline('p');
"""


def make(conn: psycopg.Connection[Any], **options: Any) -> int:
    """Make a backfill from src to dst."""
    options.setdefault("destination", {"kind": "table", "table": "dst"})
    options.setdefault("batch_size", 100)
    names = ", ".join(f"p_{name} => %s" for name in options)
    values = [Jsonb(each) if isinstance(each, (dict, list)) else each for each in options.values()]
    row = conn.execute(f"select backlog.create_backfill('p', 'src', {names})", values).fetchone()
    assert row is not None
    return int(row[0])


def step(conn: psycopg.Connection[Any], backfill: int) -> dict[str, Any]:
    """Take one step."""
    row = conn.execute("select backlog.run_backfill_step(%s)", [backfill]).fetchone()
    assert row is not None
    return dict(row[0])


def run(conn: psycopg.Connection[Any], backfill: int, seconds: float = 60) -> Counter[str]:
    """Step until there is nothing more to do; return what was done how often."""
    done: Counter[str] = Counter()
    deadline = time.monotonic() + seconds
    while True:
        answer = step(conn, backfill)
        done[answer["action"]] += 1
        if not answer["more"]:
            return done
        assert time.monotonic() < deadline, answer
        if answer["action"] in ("wait", "retry"):
            time.sleep(0.02)


def state(conn: psycopg.Connection[Any], backfill: int) -> tuple[Any, ...]:
    """Return the state of a backfill and why it has it."""
    row = conn.execute(
        "select state, reason from backlog.backfills where backfill_id = %s", [backfill]
    ).fetchone()
    assert row is not None
    return row


def assert_equal(conn: psycopg.Connection[Any], target: str = "public.dst") -> None:
    """Insist that source and destination have the same rows."""
    difference = conn.execute(
        f"(table public.src except all table {target}) union all "
        f"(table {target} except all table public.src)"
    ).fetchall()
    assert difference == []


@pytest.fixture
def conn(db: Database) -> psycopg.Connection[Any]:
    """A session on a database with a table to copy."""
    conn = db.connect()
    conn.execute(SOURCE)
    return conn


def test_two_workers_share_the_work(db: Database, conn: psycopg.Connection[Any]) -> None:
    backfill = make(conn)
    done: list[Counter[str]] = []
    threads = [
        threading.Thread(target=lambda: done.append(run(db.connect(), backfill))) for _ in range(2)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert state(conn, backfill) == ("COMPLETED", None)
    assert_equal(conn)
    assert min(each["copied"] for each in done) > 5
    read = conn.execute("select sum(rows_scanned), sum(rows_written) from backlog.backfill_chunks").fetchone()
    assert read == (ROWS, ROWS)


def test_two_steps_at_once_take_different_chunks(db: Database, conn: psycopg.Connection[Any]) -> None:
    backfill, other = make(conn, workers=2), db.connect()
    third = db.connect()
    while step(conn, backfill)["action"] != "copied":
        pass
    conn.execute("begin")
    other.execute("begin")
    first, second = step(conn, backfill), step(other, backfill)
    assert first["action"] == second["action"] == "copied"
    assert first["chunk_id"] != second["chunk_id"]
    # A third one would be more than the backfill allows.
    assert step(third, backfill)["reason"] == "2 workers are busy with it"
    conn.execute("commit")
    other.execute("rollback")
    run(third, backfill)
    assert_equal(conn)


def test_what_commits_late_is_found(db: Database, conn: psycopg.Connection[Any]) -> None:
    """Rows below the frozen end, of transactions that were open when it was frozen."""
    late = db.connect()
    conn.execute("delete from public.src where id in (7, 4000)")
    late.execute("begin")
    late.execute("insert into public.src values (7, -7, 'late')")
    late.execute("update public.src set v = -1 where id = 8")
    backfill = make(conn, workers=1)
    while (answer := step(conn, backfill))["action"] != "wait":
        assert answer["action"] in ("copied", "planned")
    assert answer["reason"] == "transactions older than the plan are still open"
    late.execute("commit")
    run(conn, backfill)
    assert state(conn, backfill) == ("COMPLETED", None)
    assert_equal(conn)


def test_appending_waits_for_late_commits_first(db: Database, conn: psycopg.Connection[Any]) -> None:
    late = db.connect()
    conn.execute("delete from public.src where id = 7; alter table public.dst drop constraint dst_pkey")
    late.execute("begin")
    late.execute("insert into public.src values (7, -7, 'late')")
    backfill = make(conn)
    assert step(conn, backfill)["reason"] == "transactions older than the plan are still open"
    late.execute("commit")
    run(conn, backfill)
    assert_equal(conn)


def change(conn: psycopg.Connection[Any], stop: threading.Event, seed: int) -> None:
    """Insert, update, delete and move rows until told to stop."""
    chance = random.Random(seed)
    while not stop.is_set():
        key, new = chance.randint(1, ROWS), chance.randint(ROWS + 1, ROWS * 1000)
        # Moving to a key that is taken fails, and that is all.
        with suppress(psycopg.errors.UniqueViolation), conn.transaction():
            conn.execute(
                chance.choice([
                    "update public.src set v = v + 1, note = note || 'u' where id = %(key)s",
                    "delete from public.src where id = %(key)s",
                    "update public.src set id = %(new)s where id = %(key)s",
                    "insert into public.src values (%(new)s, 1, 'new') on conflict do nothing",
                    "insert into public.src values (%(key)s, 2, 'again') on conflict (id) do update set v = -2",
                    "update public.src set v = -v where id between %(key)s and %(key)s + 20",
                ]),
                {"key": key, "new": new},
            )


def test_converge_ends_equal_while_others_write(db: Database, conn: psycopg.Connection[Any]) -> None:
    """Writers never stop. In the transaction that ends it they are kept out, and all is equal."""
    backfill = make(conn, consistency="converge", filters=[{"column": "v", "operator": ">=", "value": 0}])
    stop = threading.Event()
    writers = [
        threading.Thread(target=change, args=(db.connect(), stop, seed)) for seed in range(2)
    ]
    for each in writers:
        each.start()
    difference: list[Any] | None = None
    deadline = time.monotonic() + 90
    while difference is None and time.monotonic() < deadline:
        with conn.transaction():
            if step(conn, backfill)["action"] == "finished":
                difference = conn.execute(
                    "(select * from public.src where v >= 0 except all table public.dst) union all "
                    "(table public.dst except all select * from public.src where v >= 0)"
                ).fetchall()
        time.sleep(0.01)
    stop.set()
    for each in writers:
        each.join(30)
    assert difference == []
    assert state(conn, backfill) == ("COMPLETED", None)
    left = conn.execute(
        "select count(*) from pg_trigger where tgname like 'pgbacklog_backfill%%' "
        "union all select count(*) from backlog_internal.backfill_touched", ()
    ).fetchall()
    assert left == [(0,), (0,)]


def test_converge_sees_truncate(conn: psycopg.Connection[Any]) -> None:
    backfill = make(conn, consistency="converge", workers=1)
    while step(conn, backfill)["action"] != "copied":
        pass
    conn.execute("truncate public.src")
    conn.execute("insert into public.src values (1, 1, 'only')")
    run(conn, backfill)
    assert_equal(conn)


def test_cancel_and_pause_wait_for_nobody_and_lose_nothing(
    db: Database, conn: psycopg.Connection[Any]
) -> None:
    backfill, other = make(conn, workers=1), db.connect()
    step(conn, backfill)
    conn.execute("begin")
    assert step(conn, backfill)["action"] == "copied"
    other.execute("set lock_timeout = '5s'")
    other.execute("select backlog.cancel_backfill(%s, 'stop')", [backfill])
    conn.execute("commit")
    assert state(conn, backfill) == ("CANCELLED", "stop")
    assert conn.execute("select count(*) from public.dst").fetchone() == (200,)
    assert step(conn, backfill)["action"] == "idle"
    other.execute("select backlog.resume_backfill(%s)", [backfill])
    run(conn, backfill)
    assert state(conn, backfill) == ("COMPLETED", None)
    assert_equal(conn)
    read = conn.execute("select sum(rows_scanned) from backlog.backfill_chunks").fetchone()
    assert read == (ROWS,)


def test_a_killed_worker_leaves_nothing_half_done(db: Database, conn: psycopg.Connection[Any]) -> None:
    backfill = make(conn)
    for _ in range(5):
        victim = db.connect()
        victim.execute("begin")
        step(victim, backfill)
        conn.execute("select pg_terminate_backend(%s, 5000)", [victim.info.backend_pid])
        step(conn, backfill)
    run(conn, backfill)
    assert_equal(conn)
    assert conn.execute("select sum(rows_written) from backlog.backfill_chunks").fetchone() == (ROWS,)


def test_a_chunk_that_times_out_is_halved(conn: psycopg.Connection[Any]) -> None:
    conn.execute(
        """
        delete from public.src where id > 100;
        create function public.slow() returns trigger language plpgsql as
          $$begin perform pg_sleep(0.02); return new; end$$;
        create trigger slow before insert on public.dst for each row execute function public.slow();
        """
    )
    backfill = make(conn, batch_size=100, workers=1)
    conn.execute("set statement_timeout = '1s'")
    done = run(conn, backfill)
    assert done["split"] >= 1
    assert state(conn, backfill) == ("COMPLETED", None)
    assert_equal(conn)


def test_a_user_who_cancels_a_step_gets_the_error(db: Database, conn: psycopg.Connection[Any]) -> None:
    conn.execute(
        """
        create function public.slow() returns trigger language plpgsql as
          $$begin perform pg_sleep(60); return null; end$$;
        create trigger slow after insert on public.dst for each statement execute function public.slow();
        """
    )
    backfill = make(conn, workers=1)
    errors: list[psycopg.Error] = []
    victim = db.connect()

    def work() -> None:
        try:
            step(victim, backfill)
        except psycopg.Error as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    eventually(lambda: conn.execute(
        "select wait_event = 'PgSleep' from pg_stat_activity where pid = %s", [victim.info.backend_pid]
    ).fetchone() == (True,), 20)
    conn.execute("select pg_cancel_backend(%s)", [victim.info.backend_pid])
    thread.join(20)
    assert [error.sqlstate for error in errors] == ["57014"]
    conn.execute("drop trigger slow on public.dst")
    run(conn, backfill)
    assert_equal(conn)


def test_someone_else_inserts_into_an_empty_range(db: Database, conn: psycopg.Connection[Any]) -> None:
    """The range is empty when looked at, and no longer when written: the row is updated, not refused."""
    backfill, other = make(conn, workers=1), db.connect()
    other.execute("begin")
    other.execute("insert into public.dst values (50, 0, 'other')")
    done: list[Counter[str]] = []
    thread = threading.Thread(target=lambda: done.append(run(conn, backfill)))
    thread.start()
    watch = db.connect()
    eventually(lambda: watch.execute(
        "select cardinality(pg_blocking_pids(%s)) > 0", [conn.info.backend_pid]
    ).fetchone() == (True,), 20)
    other.execute("commit")
    thread.join(60)
    assert_equal(watch)
    assert state(watch, backfill) == ("COMPLETED", None)


@pytest.mark.parametrize("key", ["id", "id, v"])
def test_a_foreign_table_is_a_destination(
    db: Database, conn: psycopg.Connection[Any], key: str
) -> None:
    """Written twice, it has each row once; a server without postgres_fdw cannot say."""
    if conn.execute("select from pg_available_extensions where name = 'postgres_fdw'").fetchone() is None:
        missing("postgres_fdw is not available on this server; Debian: postgresql-contrib")
    info = psycopg.conninfo.conninfo_to_dict(db.dsn)
    host = info.get("host", "localhost")
    conn.execute(
        f"""
        create extension postgres_fdw schema public;
        create schema away;
        create table away.dst (id int, v int, note text);
        create server away foreign data wrapper postgres_fdw
          options (host '{host}', port '{info.get("port", 5432)}', dbname '{info["dbname"]}', batch_size '100');
        create user mapping for current_user server away options (user '{info.get("user", "postgres")}');
        create foreign table public.far (id int, v int, note text) server away
          options (schema_name 'away', table_name 'dst');
        """
    )
    destination = {"kind": "table", "table": "far", "key": key.split(", ")}
    run(conn, make(conn, destination=destination, batch_size=1000))
    assert_equal(conn, "away.dst")
    conn.execute("update public.src set note = 'changed' where id % 10 = 0; delete from away.dst where id < 50")
    backfill = make(conn, destination=destination, batch_size=1000)
    run(conn, backfill)
    assert state(conn, backfill) == ("COMPLETED", None)
    assert_equal(conn, "away.dst")
    # And from there.
    conn.execute("create table public.back (like public.src including all)")
    row = conn.execute(
        "select backlog.create_backfill('p', 'far', p_destination => %s, p_key => array['id'], p_batch_size => 1000)",
        [Jsonb({"kind": "table", "table": "back"})],
    ).fetchone()
    assert row is not None
    run(conn, row[0])
    assert_equal(conn, "public.back")
