"""Operators, workers and the housekeeper change the same backfill at once: no change is lost, and none goes half-way."""

from __future__ import annotations

import random
import threading
from collections import Counter
from typing import Any

import psycopg
import pytest

from support.database import Database
from support.listening import eventually
from support.stepping import SOURCE, assert_equal, make, run, state

ACQUIRE = "select id, lock_token from backlog.acquire_retry_items('worker', 1, 300, array['backfill.archive'])"
BEGIN = "select backlog.begin_backfill_chunk(%s, %s)"
COMPLETE = """select backlog.complete_backfill_chunk(%s, %s, '{"read": 1, "written": 1, "bytes": 1}')"""
FILES = {"kind": "archive", "path": "x"}  # a user's writer; this test is its worker
TRIGGERS = "select count(*) from pg_trigger as t where t.tgname like 'pgbacklog%'"


@pytest.fixture
def conn(db: Database) -> psycopg.Connection[Any]:
    """A session on a database with a table to copy."""
    conn = db.connect()
    conn.execute(SOURCE)
    return conn


def waits(watch: psycopg.Connection[Any], other: psycopg.Connection[Any]) -> None:
    """Return once a session waits for another one's lock."""
    eventually(lambda: watch.execute(
        "select cardinality(pg_blocking_pids(%s)) > 0", [other.info.backend_pid]
    ).fetchone() == (True,))  # fmt: skip


def copy_all(conn: psycopg.Connection[Any]) -> int:
    """Do what a worker of the writer does until nothing is waiting; return the chunks completed."""
    done = 0
    while (lease := conn.execute(ACQUIRE).fetchone()) is not None:
        (order,) = conn.execute(BEGIN, lease).fetchone() or (None,)
        assert order is not None
        if order["action"] == "run":
            conn.execute(COMPLETE, lease)
            done += 1
        elif order["action"] == "wait":
            break
    return done


def test_a_writer_is_told_of_an_empty_table(conn: psycopg.Connection[Any]) -> None:
    """There is no chunk, and hence nothing that a worker could come by for."""
    conn.execute("delete from public.src")
    made = make(conn, destination=FILES)
    assert conn.execute(ACQUIRE).fetchall() == []
    conn.execute("select backlog.tick()")
    assert state(conn, made) == ("COMPLETED", None)


def test_cancelled_and_resumed_when_only_its_end_is_left(db: Database, conn: psycopg.Connection[Any]) -> None:
    late = db.connect()
    late.execute("begin")
    late.execute("update public.src set v = 0 where id = 9")
    made = make(conn, destination={**FILES, "key": ["id"], "mode": "upsert"}, batch_size=1000)
    assert copy_all(conn) > 0
    conn.execute("select backlog.cancel_backfill(%s)", [made])
    assert copy_all(conn) == 0
    conn.execute("select backlog.resume_backfill(%s)", [made])
    late.execute("commit")
    conn.execute("select backlog.tick()")
    assert conn.execute("select phase from backlog.backfills").fetchone() == ("settle",)
    copy_all(conn)
    assert state(conn, made) == ("COMPLETED", None)


@pytest.mark.parametrize("stop", ["cancel", "pause"])
def test_a_worker_that_has_not_heard_of_a_resumption(
    db: Database, conn: psycopg.Connection[Any], stop: str
) -> None:
    """It drops the item at the moment when the resumption finds that there is one."""
    made, worker = make(conn, destination=FILES, batch_size=10_000), db.connect()
    lease = worker.execute(ACQUIRE).fetchone()
    conn.execute(f"select backlog.{stop}_backfill(%s)", [made])
    worker.execute("begin")
    assert worker.execute(BEGIN, lease).fetchone()[0]["action"] == "drop"
    conn.execute("select backlog.resume_backfill(%s)", [made])
    worker.execute("commit")
    conn.execute("select backlog.tick()")
    assert copy_all(conn) == 1
    assert state(conn, made) == ("COMPLETED", None)


def test_an_item_that_somebody_cancelled(conn: psycopg.Connection[Any]) -> None:
    made = make(conn, destination=FILES, batch_size=10_000)
    conn.execute("select backlog.cancel_retry_item(i.id, 'by hand') from backlog.retry_items as i")
    assert copy_all(conn) == 0
    conn.execute("select backlog.tick()")
    assert copy_all(conn) == 1
    assert state(conn, made) == ("COMPLETED", None)


def test_deleted_while_a_chunk_of_it_ends(db: Database, conn: psycopg.Connection[Any]) -> None:
    """Whoever ends a chunk has its row, and then wants its backfill's: deleting waits in the same order."""
    made, worker, other = make(conn, destination=FILES, batch_size=10_000), db.connect(), db.connect()
    lease = worker.execute(ACQUIRE).fetchone()
    worker.execute(BEGIN, lease)
    conn.execute("select backlog.cancel_backfill(%s)", [made])
    # Held up between the two, by whoever has the row of the backfill.
    conn.execute("begin")
    conn.execute("select backlog_internal.find_backfill(%s, true)", [made])
    errors: list[psycopg.Error] = []

    def call(session: psycopg.Connection[Any], statement: str, *values: Any) -> None:
        try:
            session.execute(statement, values)
        except psycopg.Error as error:
            errors.append(error)

    threads = [
        threading.Thread(target=call, args=(worker, COMPLETE, *lease)),
        threading.Thread(target=call, args=(other, "select backlog.delete_backfill(%s)", made)),
    ]
    watch = db.connect()
    for thread, session in zip(threads, (worker, other), strict=True):
        thread.start()
        waits(watch, session)
    conn.execute("commit")
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert conn.execute("select count(*) from backlog.backfills").fetchone() == (0,)


def test_a_worker_of_a_backfill_that_was_deleted(conn: psycopg.Connection[Any]) -> None:
    made = make(conn, destination=FILES, batch_size=10_000)
    lease = conn.execute(ACQUIRE).fetchone()
    conn.execute(BEGIN, lease)
    conn.execute("select backlog.cancel_backfill(%s)", [made])
    with pytest.raises(psycopg.Error, match="is still with worker") as refused:
        conn.execute("select backlog.delete_backfill(%s)", [made])
    assert refused.value.sqlstate == "PB303"
    conn.execute("set test.now = '2100-01-01'; select backlog.delete_backfill(1); reset test.now")
    again = make(conn, destination=FILES, batch_size=10_000)
    assert conn.execute("select backlog.backfill_chunk_stop(%s, %s)", lease).fetchone() == ("the backfill was deleted",)
    with pytest.raises(psycopg.Error) as refused:
        conn.execute(COMPLETE, lease)
    assert refused.value.sqlstate == "PB301"
    conn.execute("select from backlog.release_retry_items(array[%s::bigint], array[%s::bigint])", lease)
    assert copy_all(conn) == 1
    assert state(conn, again) == ("COMPLETED", None)
    assert conn.execute("select count(*) from backlog.retry_items").fetchone() == (0,)


def test_dropping_a_pipeline_takes_its_backfills_along(conn: psycopg.Connection[Any]) -> None:
    conn.execute("alter table public.dst add constraint small check (v < 3000)")
    made = make(conn, consistency="converge", workers=1, on_error="fail")
    with pytest.raises(psycopg.Error) as refused:
        conn.execute("select backlog.drop_pipeline('p')")
    assert refused.value.sqlstate == "PB303"
    run(conn, made)
    assert state(conn, made)[0] == "FAILED"
    assert conn.execute(TRIGGERS).fetchone() == (5,)
    conn.execute("select backlog.drop_pipeline('p')")
    assert conn.execute(TRIGGERS).fetchone() == (0,)
    conn.execute("update public.src set v = v + 1")
    left = "select (select count(*) from backlog_internal.backfill_touched), " \
        "(select count(*) from backlog.dead_letters), " \
        "(select count(*) from backlog.incidents as i where i.state = 'open')"  # fmt: skip
    assert conn.execute(left).fetchone() == (0, 0, 0)


def test_two_make_the_same_new_table(db: Database, conn: psycopg.Connection[Any]) -> None:
    other = db.connect()
    create = "select backlog.create_backfill('p', 'src', p_destination => %s, p_create_target => true)"
    to = '{"kind": "table", "table": "public.fresh"}'
    conn.execute("begin")
    conn.execute(create, [to])
    thread = threading.Thread(target=lambda: other.execute(create, [to]))
    thread.start()
    waits(db.connect(), other)
    conn.execute("commit")
    thread.join(60)
    for made in conn.execute("select backfill_id from backlog.backfills order by 1").fetchall():
        run(conn, made[0])
    assert conn.execute("select state, rows_written from backlog.backfills order by backfill_id").fetchall() == [
        ("COMPLETED", 5000), ("COMPLETED", 0)
    ]
    assert_equal(conn, "public.fresh")


@pytest.mark.parametrize("call", ["repair_backfill", "delete_backfill"])
def test_whoever_takes_many_chunks_takes_them_in_one_order(
    db: Database, conn: psycopg.Connection[Any], call: str
) -> None:
    made = make(conn, batch_size=1000)
    run(conn, made)
    conn.execute("update public.dst set v = -1")
    conn.execute("select backlog.verify_backfill(%s)", [made])
    # Many workers end chunks in any order, and in any order they are found then.
    conn.execute("update backlog_internal.backfill_chunk set finished_at = finished_at - chunk_id * interval '1 day'")
    conn.execute("cluster backlog_internal.backfill_chunk using backfill_chunk_by_backfill")
    reader = db.connect()
    with reader.transaction():
        reader.execute("select backlog.verify_backfill(%s, 1, now())", [made])
        thread = threading.Thread(target=lambda: conn.execute(f"select backlog.{call}(%s)", [made]))
        thread.start()
        waits(db.connect(), conn)
        reader.execute("select backlog.verify_backfill(%s, 5, now())", [made])
    thread.join(60)
    assert not thread.is_alive()
    left = {"repair_backfill": [("PENDING",)], "delete_backfill": []}[call]
    assert reader.execute("select state from backlog.backfills").fetchall() == left


CALLS = [
    "select backlog.pause_backfill(%(id)s)", "select backlog.resume_backfill(%(id)s)",
    "select backlog.cancel_backfill(%(id)s)", "select backlog.retry_backfill(%(id)s)",
    "select count(*) from backlog.verify_backfill(%(id)s, 3)", "select backlog.repair_backfill(%(id)s)",
    "select backlog.run_backfill_step(%(id)s)", "select backlog.run_backfill_step(%(id)s)",
    "select backlog.run_backfill_step()", "select backlog.tick()", "select * from backlog.backfills",
    "update public.src set v = v + 1 where id = %(key)s", "delete from public.src where id = %(key)s",
    "insert into public.src values (%(key)s, 1, 'again') on conflict do nothing",
    "update public.dst set v = -1 where id = %(key)s",
]  # fmt: skip


@pytest.mark.parametrize("consistency", ["chunk", "converge"])
def test_many_operators_at_once(db: Database, conn: psycopg.Connection[Any], consistency: str) -> None:
    """Whatever they call, nobody waits for ever or is told of an inner fault; in the end all is equal."""
    made = make(conn, consistency=consistency, batch_size=300)
    answers: Counter[str] = Counter()

    def call(seed: int) -> None:
        chance, session = random.Random(seed), db.connect()
        session.execute("set lock_timeout = '30s'")
        for _ in range(120):
            statement = chance.choice(CALLS)
            try:
                session.execute(statement, {"id": made, "key": chance.randint(1, 5000)})
            except psycopg.Error as error:
                answers[f"{error.sqlstate} {statement}: {error.diag.message_primary}"] += 1

    threads = [threading.Thread(target=call, args=(seed,)) for seed in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(120)
    assert not any(each.is_alive() for each in threads)
    assert {x for x in answers if not x.startswith("PB303 ")} == set()
    if state(conn, made)[0] != "COMPLETED":
        conn.execute("select backlog.resume_backfill(%s)", [made])
        run(conn, made)
    assert state(conn, made)[0] == "COMPLETED"
    for _ in range(2):  # what has changed since, and rows beyond the frozen end
        conn.execute("select backlog.verify_backfill(%s, 10000, now())", [made])
        conn.execute("select backlog.repair_backfill(%s)", [made])
        run(conn, made)
    assert_equal(conn)
    assert conn.execute(TRIGGERS).fetchone() == (0,)
    walk = conn.execute(
        "select t.from_state, t.to_state from backlog.backfill_transitions as t "
        "where t.from_state is distinct from t.to_state order by t.transition_id"
    ).fetchall()
    assert [x[0] for x in walk[1:]] == [x[1] for x in walk[:-1]]
