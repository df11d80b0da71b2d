"""Backfills that converge: others write, nobody watches for a while, partitions come and go.

In the end source and destination are compared exactly.
"""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import psycopg
import pytest

from pgbacklog import schema
from pgbacklog.embedded import EmbeddedServer

from support.database import Database
from support.listening import PATIENCE, eventually
from support.stepping import ROWS, SOURCE, assert_equal, make, run, state, step

PARTITIONED = f"""
create table public.src (id int primary key, v int, note text) partition by range (id);
create table public.low partition of public.src for values from (minvalue) to (2001);
create table public.middle partition of public.src for values from (2001) to (4001);
create table public.high partition of public.src for values from (4001) to ({ROWS + 1});
insert into public.src select n, n, 'n' || n from generate_series(1, {ROWS}) as n;
analyze public.src;
create table public.dst (id int primary key, v int, note text);
select backlog.create_pipeline('p');
"""
CHANGES = f"""
update public.src set v = -v, note = 'changed' where id % 7 = 0;
delete from public.src where id % 11 = 0 or id > {ROWS - 50};
update public.src set id = id + 100000 where id % 13 = 0;
update public.src set id = -id where id % 17 = 0;
insert into public.src select n, n, 'new' from generate_series({ROWS + 1}, {ROWS + 300}) as n;
"""
WATCHING = """
select count(*) from pg_trigger as t where t.tgname like 'pgbacklog_backfill%' and not t.tgisinternal
"""
TOUCHED = "select count(*) from backlog_internal.backfill_touched"


@pytest.fixture
def conn(db: Database) -> psycopg.Connection[Any]:
    """A session on a database with a table to copy."""
    conn = db.connect()
    conn.execute(SOURCE)
    return conn


def value(conn: psycopg.Connection[Any], query: str) -> Any:
    """Return the only value of a query's only row."""
    row = conn.execute(query).fetchone()
    assert row is not None
    return row[0]


def step_until(conn: psycopg.Connection[Any], backfill: int, action: str, times: int = 1) -> dict[str, Any]:
    """Step until something was done so often."""
    deadline = time.monotonic() + PATIENCE
    while times > 0:
        answer = step(conn, backfill)
        times -= answer["action"] == action
        assert answer["more"], answer
        assert time.monotonic() < deadline, answer
    return answer


def end_converge(conn: psycopg.Connection[Any], backfill: int, where: str = "true") -> None:
    """Run to the end, and insist that nothing is left behind."""
    run(conn, backfill)
    assert state(conn, backfill)[0] == "COMPLETED"
    assert_equal(conn, where=where)
    assert (value(conn, WATCHING), value(conn, TOUCHED)) == (0, 0)


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
    deadline = time.monotonic() + PATIENCE
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
        each.join(120)
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


@pytest.mark.parametrize("copied", [1, 20, 50])
@pytest.mark.parametrize("where", ["true", "v > 0"])
def test_what_changed_while_a_cancelled_one_did_not_watch_is_found(
    conn: psycopg.Connection[Any], copied: int, where: str
) -> None:
    """Updates, deletes, moved keys, new keys at both ends: before and after what was copied."""
    backfill = make(conn, consistency="converge", workers=1, predicate=where if where != "true" else None)
    step_until(conn, backfill, "copied", copied)
    conn.execute("select backlog.cancel_backfill(%s, 'not now')", [backfill])
    assert (value(conn, WATCHING), value(conn, TOUCHED)) == (0, 0)
    assert state(conn, backfill) == ("CANCELLED", "not now")
    assert value(conn, "select unwatched_at is not null from backlog.backfills") is True
    conn.execute(CHANGES)
    assert value(conn, TOUCHED) == 0
    conn.execute("select backlog.resume_backfill(%s)", [backfill])
    assert value(conn, "select unwatched_at is null from backlog.backfills") is True
    conn.execute("update public.src set note = 'late' where id % 500 = 0")
    end_converge(conn, backfill, where)


def test_the_source_was_emptied_while_nobody_watched(conn: psycopg.Connection[Any]) -> None:
    backfill = make(conn, consistency="converge", workers=1)
    step_until(conn, backfill, "copied", 40)
    conn.execute("select backlog.cancel_backfill(%s)", [backfill])
    conn.execute("truncate public.src")
    conn.execute("select backlog.resume_backfill(%s)", [backfill])
    end_converge(conn, backfill)


def test_truncation_is_followed_in_pieces(conn: psycopg.Connection[Any]) -> None:
    """No statement looks at more rows of the destination than a batch, 1,000 at least."""
    backfill = make(conn, consistency="converge", workers=1)
    step_until(conn, backfill, "copied", 45)
    conn.execute("truncate public.src")
    conn.execute("insert into public.src values (1, 1, 'only'), (9000, 1, 'beyond')")
    end_converge(conn, backfill)
    deleted = conn.execute(
        "select rows_written from backlog.backfill_chunks where kind = 'extra' order by chunk_id"
    ).fetchall()
    assert len(deleted) >= 4
    assert max(rows for (rows,) in deleted) == 1000


def test_one_that_failed_watches_for_a_while(conn: psycopg.Connection[Any]) -> None:
    """Resumed in time it goes on where it stopped; later it starts over."""
    conn.execute("alter table public.dst add constraint small check (v < 4900)")
    backfill = make(conn, consistency="converge", workers=1, on_error="fail")
    run(conn, backfill)
    assert state(conn, backfill) == ("FAILED", "1 chunk failed")
    conn.execute("select backlog.tick()")
    conn.execute(CHANGES)
    assert value(conn, TOUCHED) > 1000
    conn.execute("select backlog.resume_backfill(%s)", [backfill])
    done = run(conn, backfill)
    assert state(conn, backfill)[0] == "FAILED"
    assert done["copied"] < 10

    conn.execute("update backlog_internal.backfill set finished_at = finished_at - interval '3599 s'")
    conn.execute("select backlog.tick()")
    assert value(conn, WATCHING) == 5
    conn.execute("update backlog_internal.backfill set finished_at = finished_at - interval '2 s'")
    conn.execute("select backlog.tick()")
    assert (value(conn, WATCHING), value(conn, TOUCHED)) == (0, 0)
    assert "so changes are no longer noted" in state(conn, backfill)[1]
    conn.execute("delete from public.src where id < 100; update public.src set v = 1 where id > 4000")
    conn.execute("select backlog.resume_backfill(%s)", [backfill])
    end_converge(conn, backfill)


def test_a_final_row_that_is_refused_is_cured_and_nothing_is_lost(conn: psycopg.Connection[Any]) -> None:
    """It fails under the last lock, goes on watching, and ends equal once the row is put right."""
    conn.execute("alter table public.dst add constraint small check (v < 100000)")
    backfill = make(conn, consistency="converge", workers=1)
    step_until(conn, backfill, "copied", 50)
    conn.execute("update public.src set v = 100000 where id = 7")
    run(conn, backfill)
    assert state(conn, backfill)[0] == "FAILED"
    assert value(conn, WATCHING) == 5
    conn.execute("update public.src set v = 7 where id = 7; delete from public.src where id = 8")
    conn.execute("select backlog.resume_backfill(%s)", [backfill])
    assert run(conn, backfill)["copied"] <= 1
    end_converge(conn, backfill)


@pytest.mark.parametrize("idle", ["paused", "forgotten"])
def test_nobody_works_on_it_and_too_many_keys_wait(conn: psycopg.Connection[Any], idle: str) -> None:
    conn.execute("select backlog.set_setting('backfill_max_touched_keys', '100')")
    backfill = make(conn, consistency="converge", workers=1)
    step_until(conn, backfill, "copied", 5)
    conn.execute("update public.src set v = v + 1 where id <= 50")
    if idle == "paused":
        conn.execute("select backlog.pause_backfill(%s, 'later')", [backfill])
    # Old and new keys: exactly as many as may wait.
    conn.execute("select backlog.tick()")
    assert (value(conn, WATCHING), value(conn, TOUCHED)) == (5, 100)
    conn.execute("update public.src set v = v + 1 where id = 51")
    if idle == "forgotten":
        conn.execute("select backlog.tick()")
        assert value(conn, WATCHING) == 5
        conn.execute(
            "update backlog_internal.backfill_chunk set finished_at = finished_at - interval '2 hours'"
        )
    conn.execute("select backlog.tick()")
    assert (value(conn, WATCHING), value(conn, TOUCHED)) == (0, 0)
    assert state(conn, backfill) == (
        "EXECUTING", "more than 100 changed keys wait, so changes are no longer noted"
    )
    conn.execute(CHANGES)
    if idle == "paused":
        conn.execute("select backlog.resume_backfill(%s)", [backfill])
    end_converge(conn, backfill)


def test_cancelling_disturbs_nobody_who_uses_the_table(db: Database, conn: psycopg.Connection[Any]) -> None:
    """The triggers wait for the next tick; until then nothing is missed, and resuming need not start over."""
    backfill, reader = make(conn, consistency="converge", workers=1), db.connect()
    step_until(conn, backfill, "copied", 10)
    reader.execute("begin")
    reader.execute("select from public.src limit 1")
    conn.execute("set lock_timeout = '30s'")
    conn.execute("select backlog.cancel_backfill(%s, 'stop')", [backfill])
    assert state(conn, backfill) == ("CANCELLED", "stop")
    assert value(conn, WATCHING) == 5
    assert "triggers are still there" in value(conn, "select throttle_reason from backlog.backfills")
    conn.execute("delete from public.src where id < 50")
    conn.execute("select backlog.tick()")
    assert value(conn, WATCHING) == 5

    conn.execute("select backlog.resume_backfill(%s)", [backfill])
    done = value(conn, "select count(*) from backlog.backfill_chunks where state = 'COMPLETED'")
    assert done == 10
    conn.execute("select backlog.cancel_backfill(%s, 'stop')", [backfill])
    reader.execute("commit")
    conn.execute("select backlog.tick()")
    assert value(conn, WATCHING) == 0
    assert value(conn, "select throttle_reason from backlog.backfills") is None
    conn.execute("select backlog.resume_backfill(%s)", [backfill])
    end_converge(conn, backfill)


def test_resuming_waits_for_a_chunk_that_read_before_it(db: Database, conn: psycopg.Connection[Any]) -> None:
    """A step that read a row before it was watched again commits first, or not at all."""
    backfill, late = make(conn, consistency="converge", workers=1), db.connect()
    step_until(conn, backfill, "copied", 3)
    # As if the triggers had been dropped just before the step began to read.
    conn.execute("select backlog_internal.unwatch_keys(b) from backlog_internal.backfill as b")
    late.execute("begin")
    answer = step(late, backfill)
    assert answer["action"] == "copied"
    conn.execute("update public.src set note = 'changed'")
    other = db.connect()
    thread = threading.Thread(target=lambda: other.execute("select backlog.resume_backfill(%s)", [backfill]))
    thread.start()
    eventually(lambda: value(
        conn, f"select cardinality(pg_blocking_pids({other.info.backend_pid})) > 0"
    ) is True, 20)
    late.execute("commit")
    thread.join(120)
    assert not thread.is_alive()
    end_converge(conn, backfill)


def test_who_starts_over_and_who_compares_do_not_deadlock(db: Database, conn: psycopg.Connection[Any]) -> None:
    """Both take the chunks in their order, wherever their rows are by now."""
    backfill, comparing, resuming = make(conn, consistency="converge", workers=1), db.connect(), db.connect()
    step_until(conn, backfill, "copied", 10)
    conn.execute("select backlog.cancel_backfill(%s)", [backfill])
    # What is compared first is behind the others by then.
    conn.execute("vacuum full backlog_internal.backfill_chunk")
    conn.execute("select backlog.verify_backfill(%s, 1)", [backfill])
    comparing.execute("begin")
    comparing.execute("select backlog.verify_backfill(%s, 1, clock_timestamp())", [backfill])
    with ThreadPoolExecutor(1) as thread:
        resumed = thread.submit(resuming.execute, "select backlog.resume_backfill(%s)", [backfill])
        eventually(lambda: value(
            conn, f"select cardinality(pg_blocking_pids({resuming.info.backend_pid})) > 0"
        ) is True)
        comparing.execute("select backlog.verify_backfill(%s, 5, clock_timestamp())", [backfill])
        comparing.execute("commit")
        resumed.result(120)
    end_converge(conn, backfill)


def test_cancelled_and_resumed_again_and_again_while_others_write(
    db: Database, conn: psycopg.Connection[Any]
) -> None:
    backfill = make(conn, consistency="converge", filters=[{"column": "v", "operator": ">=", "value": 0}])
    stop, chance = threading.Event(), random.Random(5)
    writers = [
        threading.Thread(target=change, args=(db.connect(), stop, seed)) for seed in range(2)
    ]
    for each in writers:
        each.start()
    for _ in range(8):
        for _ in range(chance.randint(1, 40)):
            if not step(conn, backfill)["more"]:
                break
        with suppress(psycopg.errors.DatabaseError):
            conn.execute("select backlog.cancel_backfill(%s)", [backfill])
        if chance.random() < 0.5:
            conn.execute("select backlog.tick()")
        if state(conn, backfill)[0] == "COMPLETED":
            break
        conn.execute("select backlog.resume_backfill(%s)", [backfill])
    stop.set()
    for each in writers:
        each.join(120)
    if state(conn, backfill)[0] != "COMPLETED":
        end_converge(conn, backfill, "v >= 0")


def test_a_key_column_that_is_renamed_stops_the_backfill_and_nobody_else(
    conn: psycopg.Connection[Any]
) -> None:
    backfill = make(conn, consistency="converge", workers=1)
    step_until(conn, backfill, "copied")
    conn.execute("alter table public.src rename id to number")
    conn.execute("insert into public.src values (9000, 1, 'new'); update public.src set v = 0 where number = 1")
    answer = step(conn, backfill)
    assert answer["action"] == "finished"
    assert state(conn, backfill)[0] == "FAILED"
    conn.execute("select backlog.delete_backfill(%s)", [backfill])
    assert value(conn, WATCHING) == 0


@pytest.mark.parametrize("moment", ["begin", "step"])
def test_a_transaction_that_sees_nothing_new_cannot_converge(
    conn: psycopg.Connection[Any], moment: str
) -> None:
    """A row that others commit while it waits for the last lock would be lost without a sign."""
    backfill = make(conn, consistency="converge", workers=1) if moment == "step" else None
    conn.execute("begin isolation level repeatable read")
    with pytest.raises(psycopg.errors.ActiveSqlTransaction, match="repeatable read"):
        if backfill is None:
            make(conn, consistency="converge")
        else:
            run(conn, backfill)


def test_partitions_that_come_and_go(db: Database) -> None:
    """Attached, created and written directly, detached, dropped: while it copies and while it converges."""
    conn = db.connect()
    conn.execute(PARTITIONED)
    backfill = make(conn, consistency="converge", workers=1)
    assert value(conn, WATCHING) == 4 + 3 * 5
    step_until(conn, backfill, "copied", 10)
    conn.execute(
        f"""
        create table public.top (like public.src including all);
        insert into public.top select n, n, 'attached' from generate_series({ROWS + 1}, {ROWS + 400}) as n;
        alter table public.src attach partition public.top for values from ({ROWS + 1}) to ({ROWS + 1001});
        update public.top set note = 'directly' where id % 2 = 0;
        drop table public.low;
        alter table public.src detach partition public.middle;
        """
    )
    while value(conn, "select phase from backlog.backfills") == "copy":
        step(conn, backfill)
    conn.execute(
        f"""
        create table public.next partition of public.src for values from ({ROWS + 1001}) to (maxvalue);
        insert into public.next values ({ROWS + 2000}, 1, 'created');
        delete from public.top where id % 5 = 0;
        update public.high set v = 0 where id % 3 = 0;
        """
    )
    end_converge(conn, backfill)
    assert value(conn, "select count(*) from public.dst") > 1000


def test_a_partition_that_came_and_went_unseen(db: Database) -> None:
    """Between two looks at the partitions one was copied and dropped: in the end there are as many as before."""
    conn = db.connect()
    conn.execute(PARTITIONED)
    backfill = make(conn, consistency="converge", workers=1)
    conn.execute(
        """
        alter table public.src detach partition public.low;
        create table public.guest partition of public.src for values from (minvalue) to (2001);
        insert into public.guest select -n, n, 'guest' from generate_series(1, 50) as n;
        """
    )
    step_until(conn, backfill, "copied", 3)
    assert value(conn, "select count(*) from public.dst where note = 'guest'") == 50
    conn.execute("drop table public.guest")
    conn.execute("alter table public.src attach partition public.low for values from (minvalue) to (2001)")
    end_converge(conn, backfill)


def test_a_child_that_came_while_it_was_being_watched(db: Database) -> None:
    """Inheritance without partitions, and new tables of which the rows are among the others."""
    conn = db.connect()
    conn.execute(SOURCE)
    conn.execute("delete from public.src where id % 2 = 0")
    backfill = make(conn, consistency="converge", workers=1)
    step_until(conn, backfill, "copied", 10)
    for name, first in (("child", 2), ("second", 2002)):
        conn.execute(f"create table public.{name} (primary key (id)) inherits (public.src)")
        conn.execute(
            f"insert into public.{name} select n, n, '{name}' from generate_series({first}, {first + 1998}, 2) as n"
        )
        step(conn, backfill)
    end_converge(conn, backfill)
    # Of tables that have their own keys already nobody can say that a row is found again by its key.
    with pytest.raises(psycopg.Error, match="may be equal in the key") as raised:
        make(conn, consistency="converge")
    assert raised.value.sqlstate == "PB302"


def test_sessions_that_act_as_a_replica_are_noted(db: Database, conn: psycopg.Connection[Any]) -> None:
    backfill, replica = make(conn, consistency="converge", workers=1), db.connect()
    step_until(conn, backfill, "copied", 50)
    replica.execute("set session_replication_role = replica")
    replica.execute("update public.src set note = 'replica' where id % 100 = 0")
    replica.execute("update public.src set id = id + 100000 where id % 100 = 1")
    replica.execute("delete from public.src where id % 100 = 2")
    replica.execute("insert into public.src values (-5, 1, 'replica')")
    with replica.cursor().copy("copy public.src from stdin") as copy:
        copy.write_row((-6, 1, "copied"))
    assert value(conn, TOUCHED) == 50 * 2 + 50 * 2 + 50 + 1 + 1
    end_converge(conn, backfill)


@pytest.mark.parametrize(("table", "partition"), [("src", False), ("src", True), ("high", True)])
@pytest.mark.parametrize("triggers", ["all", "user", "dropped"])
def test_changes_while_triggers_were_disabled(db: Database, triggers: str, table: str, partition: bool) -> None:
    """As those do who load much at once. It starts over: nobody knows what has changed."""
    conn = db.connect()
    conn.execute(PARTITIONED if partition else SOURCE)
    backfill = make(conn, consistency="converge", workers=1)
    made = value(conn, WATCHING)
    step_until(conn, backfill, "copied", 10)
    if triggers == "dropped":
        conn.execute(f"drop trigger pgbacklog_backfill_{backfill}_update on public.{table}")
    else:
        conn.execute(f"alter table public.{table} disable trigger {triggers}")
    conn.execute(f"update public.{table} set note = 'unseen' where id % 10 = 0")
    if triggers != "dropped":
        conn.execute(f"alter table public.{table} enable trigger {triggers}")
    while value(conn, "select phase from backlog.backfills") != "copy" or value(conn, WATCHING) != made or value(
        conn, "select count(*) from backlog.backfill_chunks where kind = 'extra'"
    ) == 0:
        assert step(conn, backfill)["more"]
    end_converge(conn, backfill)


@pytest.mark.parametrize("dml", [
    "with gone as (delete from public.src where id < 100 returning id) "
    "update public.src set v = -1 from gone where src.id = gone.id + 500",
    "insert into public.src select n, -n, 'on conflict' from generate_series(1, 8000, 7) as n "
    "on conflict (id) do update set v = excluded.v, note = excluded.note where src.id % 2 = 0",
    "merge into public.src as s using (select n as id from generate_series(1, 8000, 3) as n) as m on s.id = m.id "
    "when matched and s.id % 4 = 0 then delete when matched then update set id = s.id + 20000, v = 0 "
    "when not matched then insert values (m.id, 1, 'merged')",
    "begin; savepoint a; delete from public.src; rollback to a; update public.src set id = -id where id < 50; "
    "savepoint b; truncate public.src; rollback to b; release a; commit",
    "delete from public.parent where id % 3 = 0",
    "update public.parent set id = id + 70000 where id % 5 = 0",
    "truncate public.parent cascade",
    "select public.load()",
])  # fmt: skip
@pytest.mark.parametrize("phase", ["copy", "converge"])
def test_each_way_to_change_a_row_is_noted(
    conn: psycopg.Connection[Any], dml: str, phase: str
) -> None:
    conn.execute(
        """
        create table public.parent (id int primary key);
        insert into public.parent select id from public.src;
        alter table public.src add constraint src_v_fkey foreign key (v) references public.parent
          on delete cascade on update cascade;
        create function public.load() returns void language plpgsql as $$
        begin
          update public.src set v = null where id % 2 = 0;
          begin
            delete from public.src;
            raise exception 'undone';
          exception when raise_exception then
            insert into public.src values (90000, null, 'after all');
          end;
        end$$;
        """
    )
    if "parent" not in dml:
        conn.execute("alter table public.src drop constraint src_v_fkey")
    backfill = make(conn, consistency="converge", workers=1, batch_size=500)
    step_until(conn, backfill, "copied", 4)
    while phase == "converge" and value(conn, "select count(*) from backlog.backfill_chunks where state = 'PENDING'"):
        step(conn, backfill)
    if "merge" in dml:
        conn.execute("delete from public.src where id % 9 = 0")
    conn.execute(dml)
    end_converge(conn, backfill)


def test_a_replica_that_truncates_is_noted(db: Database, conn: psycopg.Connection[Any]) -> None:
    backfill, replica = make(conn, consistency="converge", workers=1), db.connect()
    step_until(conn, backfill, "copied", 50)
    replica.execute("set session_replication_role = replica")
    replica.execute("truncate public.src")
    replica.execute("insert into public.src values (1, 1, 'one')")
    end_converge(conn, backfill)


def test_what_logical_replication_brings_is_noted(own_server: EmbeddedServer) -> None:
    """The source is itself a copy that a subscription keeps: its changes fire no trigger for statements."""
    with psycopg.connect(own_server.dsn, autocommit=True) as admin:
        admin.execute("alter system set wal_level = 'logical'")
        admin.execute("create database origin")
        admin.execute("create database here")
    own_server.stop()
    own_server.start()
    origin_dsn, here_dsn = (
        psycopg.conninfo.make_conninfo(own_server.dsn, dbname=name) for name in ("origin", "here")
    )
    schema.migrate(here_dsn)
    with (
        psycopg.connect(origin_dsn, autocommit=True) as origin,
        psycopg.connect(here_dsn, autocommit=True) as here,
    ):
        origin.execute("create table public.src (id int primary key, v int, note text)")
        origin.execute("insert into public.src select n, n, 'n' || n from generate_series(1, 1000) as n")
        origin.execute("create publication all_rows for table public.src")
        origin.execute("select pg_create_logical_replication_slot('to_here', 'pgoutput')")
        here.execute(SOURCE.replace(f"generate_series(1, {ROWS})", "generate_series(1, 1000)"))
        here.execute(
            f"create subscription from_origin connection '{origin_dsn}' publication all_rows "
            "with (create_slot = false, slot_name = 'to_here', copy_data = false)"
        )
        backfill = make(here, consistency="converge", workers=1)
        step_until(here, backfill, "copied", 10)
        origin.execute("update public.src set note = 'origin' where id % 10 = 0")
        origin.execute("update public.src set id = id + 100000 where id % 10 = 1")
        origin.execute("delete from public.src where id % 10 = 2")
        origin.execute("insert into public.src values (-1, 1, 'last')")
        eventually(lambda: value(here, "select exists (select from public.src where id = -1)") is True)
        assert value(here, TOUCHED) == 100 * 2 + 100 * 2 + 100 + 1
        end_converge(here, backfill)
        here.execute("alter subscription from_origin disable")
        here.execute("alter subscription from_origin set (slot_name = none)")
        here.execute("drop subscription from_origin")


def test_what_keeps_the_housekeeper_from_bringing_one_on_is_told(
    db: Database, conn: psycopg.Connection[Any]
) -> None:
    """A lock that is not to be had leaves a trace, and the next tick tries again."""
    conn.execute("alter table public.dst alter id add generated by default as identity")
    backfill, other = make(conn, workers=1), db.connect()
    while value(conn, "select exists (select from backlog.backfill_chunks where state = 'PENDING')"):
        step(conn, backfill)
    other.execute("begin")
    other.execute("lock table public.dst in access exclusive mode")
    conn.execute("set lock_timeout = '100ms'")
    conn.execute("select backlog.tick()")
    told = "select state, throttle_reason, throttled_at is not null from backlog.backfills"
    assert conn.execute(told).fetchone() == (
        "EXECUTING", "canceling statement due to lock timeout (55P03)", True
    )
    other.execute("commit")
    conn.execute("select backlog.tick()")
    assert conn.execute(told).fetchone() == ("COMPLETED", None, False)


def test_the_housekeeper_tells_what_it_waits_for(db: Database, conn: psycopg.Connection[Any]) -> None:
    other = db.connect()
    other.execute("begin")
    other.execute("update public.src set v = v where id = 1")
    backfill = make(conn, workers=1)
    while value(conn, "select exists (select from backlog.backfill_chunks where state = 'PENDING')"):
        step(conn, backfill)
    conn.execute("select backlog.tick()")
    assert value(conn, "select throttle_reason from backlog.backfills") == (
        "transactions older than the plan are still open"
    )
    other.execute("commit")
    conn.execute("select backlog.tick()")
    assert value(conn, "select throttle_reason from backlog.backfills") is None
    run(conn, backfill)
    assert_equal(conn)
