"""Backfills among others: workers beside each other, writers beside workers, cancelled and killed steps.

In the end source and destination are compared exactly.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from pgbacklog import schema
from pgbacklog.embedded import EmbeddedServer

from support.database import Database
from support.listening import PATIENCE, eventually
from support.parts import missing
from support.sessions import together
from support.stepping import ROWS, SOURCE, assert_equal, make, run, state, step


@pytest.fixture
def conn(db: Database) -> psycopg.Connection[Any]:
    """A session on a database with a table to copy."""
    conn = db.connect()
    conn.execute(SOURCE)
    return conn


def test_two_workers_share_the_work(db: Database, conn: psycopg.Connection[Any]) -> None:
    """Neither keeps the other from it, however far behind the machine lets one of them fall."""
    backfill = make(conn)
    copied, ended = [0, 0], [False, False]

    def work(n: int) -> None:
        deadline, mine = time.monotonic() + PATIENCE, db.connect()
        try:
            while (answer := step(mine, backfill))["more"]:
                copied[n] += answer["action"] == "copied"
                assert time.monotonic() < deadline, answer
                if answer["action"] == "wait":
                    time.sleep(0.02)
                while copied[n] > copied[1 - n] + 5 and not ended[1 - n]:
                    assert time.monotonic() < deadline, copied
                    time.sleep(0.01)
        finally:
            ended[n] = True

    with together(2) as both:
        both(work)
    assert state(conn, backfill) == ("COMPLETED", None)
    assert_equal(conn)
    assert min(copied) > 5
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
    progress = "select percent, rows_scanned, rows_matched, rows_estimated from backlog.backfills"
    assert conn.execute(progress).fetchone() == (Decimal("99.9"), ROWS - 2, ROWS - 2, ROWS - 2)
    step(conn, backfill)
    # The second pass is no part of the copy: what was read stays read, and nothing is counted twice.
    assert conn.execute(progress).fetchone() == (Decimal("99.9"), ROWS - 2, ROWS - 2, ROWS - 2)
    run(conn, backfill)
    assert state(conn, backfill) == ("COMPLETED", None)
    assert_equal(conn)
    assert conn.execute(progress).fetchone() == (100, ROWS - 2, ROWS - 2, ROWS - 2)
    told = conn.execute("select rows_again, rows_written from backlog.backfills").fetchone()
    assert told is not None
    again, written = told
    # More are read again when another database had an older transaction; but no more are written.
    assert 2 <= again < ROWS
    assert written == ROWS - 2 + 2


@pytest.mark.parametrize("hidden", ["nothing", "set track_activities = off", "savepoint"])
def test_what_commits_late_is_found_whatever_the_clock_says(
    db: Database, conn: psycopg.Connection[Any], hidden: str
) -> None:
    """The clock was put back before the plan, or the session's times are not tracked: its id tells."""
    late = db.connect()
    conn.execute("delete from public.src where id in (7, 4000)")
    if hidden.startswith("set"):
        late.execute(hidden)
    late.execute("begin")
    if hidden == "savepoint":
        late.execute("savepoint one; insert into public.src values (4000, 0, 'gone'); rollback to one; savepoint two")
    late.execute("insert into public.src values (7, -7, 'late')")
    conn.execute("set test.now = '2020-01-01 00:00:00+00'")
    backfill = make(conn, workers=1)
    while (answer := step(conn, backfill))["action"] != "wait":
        assert answer["action"] in ("copied", "planned")
    assert answer["reason"] == "transactions older than the plan are still open"
    late.execute("commit")
    run(conn, backfill)
    assert state(conn, backfill) == ("COMPLETED", None)
    assert_equal(conn)


@pytest.mark.parametrize("consistency", ["chunk", "converge"])
def test_prepared_transactions_are_waited_for(own_server: EmbeddedServer, consistency: str) -> None:
    """Two of them, whose ids are the last ones given; nobody's session has them any more."""
    with psycopg.connect(own_server.dsn, autocommit=True) as admin:
        admin.execute("alter system set max_prepared_transactions = 4")
    own_server.stop()
    own_server.start()
    schema.migrate(own_server.dsn)
    with psycopg.connect(own_server.dsn, autocommit=True) as conn:
        conn.execute(SOURCE)
        conn.execute("delete from public.src where id in (7, 8)")

        def prepare(*keys: int) -> None:
            for key in keys:
                conn.execute("begin")
                conn.execute("insert into public.src values (%s, 0, 'late')", [key])
                conn.execute(f"prepare transaction 'late {key}'")

        if consistency == "chunk":
            prepare(7, 8)
        backfill = make(conn, workers=1, consistency=consistency)
        if consistency == "converge":  # its triggers cannot be made while anybody has written
            prepare(7, 8)
        for left in ("late 7", "late 8"):
            while (answer := step(conn, backfill))["action"] != "wait":
                assert answer["action"] in ("copied", "planned")
            wanted = {"chunk": "transactions older than the plan", "converge": "the table is being written"}
            assert answer["reason"].startswith(wanted[consistency])
            conn.execute(f"commit prepared '{left}'")
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


def test_who_steps_in_one_transaction_sees_that_old_ones_have_ended(
    db: Database, conn: psycopg.Connection[Any]
) -> None:
    """What others do is read anew for each step; PostgreSQL itself would keep what it said first."""
    late = db.connect()
    conn.execute("delete from public.src where id = 7; alter table public.dst drop constraint dst_pkey")
    late.execute("begin")
    late.execute("insert into public.src values (7, -7, 'late')")
    conn.execute("begin")
    backfill = make(conn)
    assert step(conn, backfill)["reason"] == "transactions older than the plan are still open"
    late.execute("commit")
    run(conn, backfill)
    conn.execute("commit")
    assert_equal(conn)


def test_who_writes_by_now_is_seen_within_one_transaction(
    db: Database, conn: psycopg.Connection[Any]
) -> None:
    """The first of two backfills found nobody writing; the second must look again."""
    late = db.connect()
    conn.execute("delete from public.src where id = 7; create table public.other (like public.src including all)")
    conn.execute("begin")
    make(conn)
    late.execute("begin")
    late.execute("insert into public.src values (7, -7, 'late')")
    backfill = make(conn, destination={"kind": "table", "table": "other"})
    conn.execute("commit")
    while (answer := step(conn, backfill))["more"] and answer["action"] != "wait":
        pass
    assert answer["action"] == "wait", answer
    late.execute("commit")
    run(conn, backfill)
    assert_equal(conn, "public.other")


def test_a_vacuum_by_the_server_is_no_transaction_to_wait_for(
    db: Database, conn: psycopg.Connection[Any]
) -> None:
    """However long it takes: it writes no rows."""
    conn.execute(
        """
        create table public.vacuumed (n int) with (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0,
          autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1);
        insert into public.vacuumed select n from generate_series(1, 200000) as n;
        delete from public.vacuumed where n % 2 = 0;
        alter table public.dst drop constraint dst_pkey;
        """
    )
    conn.execute("select pg_stat_force_next_flush()")
    vacuum = (
        "select a.pid from pg_stat_progress_vacuum as v join pg_stat_activity as a using (pid)"
        " where v.relid = 'public.vacuumed'::regclass and a.backend_type = 'autovacuum worker'"
    )
    found = eventually(lambda: conn.execute(vacuum).fetchall(), 2 * PATIENCE)
    writer = db.connect()
    writer.execute("begin")
    writer.execute("update public.src set v = v where id = 1")
    backfill = make(conn)
    assert step(conn, backfill)["reason"] == "transactions older than the plan are still open"
    writer.execute("commit")
    done = run(conn, backfill)
    assert state(conn, backfill) == ("COMPLETED", None)
    assert done["wait"] == 0
    assert conn.execute(vacuum).fetchall() == found


def test_cancel_and_pause_wait_for_nobody_and_lose_nothing(
    db: Database, conn: psycopg.Connection[Any]
) -> None:
    backfill, other = make(conn, workers=1), db.connect()
    step(conn, backfill)
    conn.execute("begin")
    assert step(conn, backfill)["action"] == "copied"
    other.execute("set lock_timeout = '30s'")
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
          $$begin if (select count(*) from added) > 60 then perform pg_sleep(600); end if; return null; end$$;
        create trigger slow after insert on public.dst referencing new table as added
          for each statement execute function public.slow();
        """
    )
    backfill = make(conn, batch_size=100, workers=1)
    conn.execute("set statement_timeout = '4s'")
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
    ).fetchone() == (True,))
    conn.execute("select pg_cancel_backend(%s)", [victim.info.backend_pid])
    thread.join(120)
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
    ).fetchone() == (True,))
    other.execute("commit")
    thread.join(120)
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
        "select backlog.preview_backfill('p', 'far', p_destination => %s, p_key => array['id'])",
        [Jsonb({"kind": "table", "table": "back"})],
    ).fetchone()
    assert row is not None
    assert any(each.startswith("rows committed late are not looked for") for each in row[0]["warnings"])
    row = conn.execute(
        "select backlog.create_backfill('p', 'far', p_destination => %s, p_key => array['id'], p_batch_size => 1000)",
        [Jsonb({"kind": "table", "table": "back"})],
    ).fetchone()
    assert row is not None
    run(conn, row[0])
    assert_equal(conn, "public.back")
