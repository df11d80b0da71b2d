"""Listeners and servers die between a hook's effect and its ack; a ledger shows what happened."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from typing import Any

import psycopg
import pytest

from pgbacklog import schema

from support.database import Database
from support.listening import eventually

PREPARE = """
    create table effect (key text not null, pid int not null, attempt int not null);
    create table once (key text primary key);
    select backlog.create_pipeline('orders');
"""
# The usual destination is this database. Its connection is committed when the hook returns, before
# the ack: what a crash in between does is what these tests are about.
AT_LEAST_ONCE = """
    import os, time
    from pgbacklog import checkpoint

    @checkpoint(pipeline="orders", mode="individual", concurrency=4)
    def note(param):
        key = param.ctx.idempotency_key
        param.destination_db.execute(
            "insert into effect values (%s, %s, %s)", [key, os.getpid(), param.ctx.attempt]
        )
        param.destination_db.execute("insert into once values (%s) on conflict do nothing", [key])
        time.sleep({seconds})
"""
TRANSACTIONAL = """
    import os, time
    from pgbacklog import checkpoint

    @checkpoint(pipeline="orders", mode="individual", transactional=True, concurrency=4)
    def note(param):
        param.connection.execute(
            "insert into effect values (%s, %s, %s)",
            [param.ctx.idempotency_key, os.getpid(), param.ctx.attempt],
        )
        time.sleep({seconds})
"""
SQL_HOOK = """
    create function note(p_event jsonb) returns void language sql begin atomic
      insert into effect values (p_event ->> 'idempotency_key', pg_backend_pid(), 1);
    end;
    select backlog.register_sql_hook('note', 'note(jsonb)', 'checkpoint', p_mode => 'individual');
"""
SHORT_LEASE = ("--lock-timeout", "3")


def prepare(conn: psycopg.Connection[Any]) -> None:
    """Make a pipeline and the tables that hooks write."""
    conn.execute(PREPARE)


def patient(conn: psycopg.Connection[Any]) -> None:
    """Let deliveries survive many crashes, and be tried again at once."""
    conn.execute(
        "select backlog.set_retry_policy('hook.note', p_max_retries => 100, p_retry_delay_seconds => 0)"
    )


def save(conn: psycopg.Connection[Any], events: int, records: int = 10) -> set[str]:
    """Save checkpoints; return the keys that their deliveries must have."""
    keys = set()
    for _ in range(events):
        (event,) = conn.execute(
            "select backlog.save_checkpoint('orders', jsonb_agg(jsonb_build_object('id', n)))"
            " from generate_series(1, %s) as n",
            [records],
        ).fetchone()
        keys |= {f"note:{event}:{position}" for position in range(1, records + 1)}
    return keys


def effects(conn: psycopg.Connection[Any]) -> Counter[str]:
    """Count the effects by key."""
    return Counter(dict(conn.execute("select key, count(*) from effect group by 1").fetchall()))


def undelivered(conn: psycopg.Connection[Any]) -> int:
    """Count the deliveries that are not at their end."""
    return conn.execute(
        "select count(*) from backlog.retry_items where event_type like 'hook.%'"
    ).fetchone()[0]


def test_a_crash_between_effect_and_ack_repeats_the_delivery_with_its_key(
    db: Database, listen
) -> None:
    """The hook dies after its effect was committed: the next listener has the same key again."""
    conn = db.connect()
    prepare(conn)
    hooks = """
        import os, signal
        from pgbacklog import checkpoint

        @checkpoint(pipeline="orders", mode="individual")
        def note(param):
            db, ctx = param.destination_db, param.ctx
            db.execute("insert into effect values (%s, %s, %s)", [ctx.idempotency_key, os.getpid(), ctx.attempt])
            db.commit()
            if ctx.attempt == 1:
                os.kill(os.getpid(), signal.SIGKILL)
    """
    first = listen(hooks, *SHORT_LEASE)
    patient(conn)
    (key,) = save(conn, 1, 1)
    assert first.ended() == -signal.SIGKILL
    assert effects(conn) == {key: 1}

    listen(hooks, *SHORT_LEASE)
    eventually(lambda: undelivered(conn) == 0)
    rows = conn.execute("select key, attempt from effect order by attempt").fetchall()
    assert rows == [(key, 1), (key, 2)]


def kill_listeners(listen, conn: psycopg.Connection[Any], hooks: str, kills: int, seed: int) -> None:
    """Start listeners and kill them at random moments; let the last one finish."""
    chance = random.Random(seed)
    newest = "select coalesce(max(token), 0) from backlog_internal.retry_lease"
    for _ in range(kills):
        before = conn.execute(newest).fetchone()[0]
        process = listen(hooks, "--threads", "3", *SHORT_LEASE)
        eventually(lambda: conn.execute(newest).fetchone()[0] > before)  # noqa: B023
        time.sleep(chance.uniform(0, 0.3))
        os.kill(process.process.pid, signal.SIGKILL)
        process.ended()
    listen(hooks, "--threads", "3", *SHORT_LEASE)
    eventually(lambda: undelivered(conn) == 0)


def test_killed_listeners_lose_nothing_and_repeat_only_with_the_same_key(
    db: Database, listen
) -> None:
    """At least once; whoever remembers keys gets exactly once."""
    conn = db.connect()
    prepare(conn)
    hooks = AT_LEAST_ONCE.format(seconds=0.02)
    listen(hooks, "--until-idle").ended()  # registers the hook
    patient(conn)
    keys = save(conn, 60)
    kill_listeners(listen, conn, hooks, 4, 11)

    found = effects(conn)
    assert set(found) == keys
    assert conn.execute("select count(*) from once").fetchone()[0] == len(keys)
    repeated = conn.execute(
        "select count(*) from effect as a join effect as b using (key) where a.pid <> b.pid and a.attempt = b.attempt"
    ).fetchone()[0]
    assert repeated == 0  # a repetition is another attempt, and knows it
    assert conn.execute("select max(attempt) from effect").fetchone()[0] > 1


def test_transactional_hooks_act_exactly_once_whenever_listeners_are_killed(
    db: Database, listen
) -> None:
    conn = db.connect()
    prepare(conn)
    hooks = TRANSACTIONAL.format(seconds=0.02)
    listen(hooks, "--until-idle").ended()
    patient(conn)
    keys = save(conn, 60)
    kill_listeners(listen, conn, hooks, 4, 12)

    assert effects(conn) == dict.fromkeys(keys, 1)
    assert conn.execute("select max(attempt) from effect").fetchone()[0] > 1


DISPATCHER = """
import sys, time
import psycopg

while True:
    try:
        with psycopg.connect(sys.argv[1], autocommit=True, connect_timeout=5) as conn:
            while True:
                rows = conn.execute("select delivered from backlog.run_sql_hooks(p_limit => 7)").fetchall()
                if not sum(row[0] for row in rows):
                    time.sleep(0.02)
    except psycopg.Error:
        time.sleep(0.05)
"""


class Dispatchers:
    """Processes that call run_sql_hooks again and again, as pg_cron would."""

    def __init__(self, dsn: str, count: int) -> None:
        self.dsn = dsn
        self.processes = [self.start() for _ in range(count)]

    def start(self) -> subprocess.Popen[bytes]:
        """Start one."""
        return subprocess.Popen([sys.executable, "-c", DISPATCHER, self.dsn])

    def kill_one(self, chance: random.Random) -> None:
        """Kill one and start another."""
        place = chance.randrange(len(self.processes))
        self.processes[place].kill()
        self.processes[place].wait()
        self.processes[place] = self.start()

    def close(self) -> None:
        """Kill all."""
        for process in self.processes:
            process.kill()
            process.wait()


def test_sql_hooks_act_exactly_once_whenever_their_callers_are_killed(db: Database) -> None:
    """The effect and the ack are one transaction, whoever begins it."""
    conn = db.connect()
    prepare(conn)
    conn.execute(SQL_HOOK)
    patient(conn)
    keys = save(conn, 60)
    chance = random.Random(13)
    dispatchers = Dispatchers(db.dsn, 3)
    try:
        for _ in range(6):
            time.sleep(chance.uniform(0.05, 0.3))
            dispatchers.kill_one(chance)
            conn.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
                " and pid <> pg_backend_pid() and query like '%run_sql_hooks%' limit 1"
            )
        eventually(lambda: undelivered(conn) == 0)
    finally:
        dispatchers.close()

    assert effects(conn) == dict.fromkeys(keys, 1)


WRITER = """
import sys, time
import psycopg

number = 0
while True:
    try:
        with psycopg.connect(sys.argv[1], autocommit=True, connect_timeout=5) as conn:
            while True:
                number += 1
                with conn.transaction():
                    (event,) = conn.execute(
                        "select backlog.save_checkpoint('orders', jsonb_build_object('id', %s::int))", [number]
                    ).fetchone()
                    conn.execute("insert into written values (%s)", [f"note:{event}:1"])
                    if number % 5 == 0:
                        raise psycopg.Rollback()
                time.sleep(0.002)
    except (psycopg.Error, psycopg.Rollback):  # a rollback comes out where there is nobody to roll back
        time.sleep(0.05)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["transactional", "sql"])
def test_a_killed_server_neither_loses_nor_doubles_what_was_committed(
    own_server, listen, kind: str
) -> None:
    """Every committed write has its checkpoint, and every checkpoint its effect, exactly once."""
    dsn = own_server.dsn
    schema.migrate(dsn)
    hooks = TRANSACTIONAL.format(seconds=0.001)
    with psycopg.connect(dsn, autocommit=True) as conn:
        prepare(conn)
        conn.execute("create table written (key text primary key)")
        if kind == "sql":
            conn.execute(SQL_HOOK)
    if kind == "sql":
        hooks = "from pgbacklog import handler\n@handler('other')\ndef other(item): ...\n"
    process = listen(hooks, "--threads", "2", *SHORT_LEASE, dsn=dsn)
    with psycopg.connect(dsn, autocommit=True) as conn:
        patient(conn)
    writer = subprocess.Popen([sys.executable, "-c", WRITER, dsn])
    try:
        for crashes in range(3):
            written = count(dsn)
            eventually(lambda: count(dsn) > written + 30 or writer.poll() is not None)  # noqa: B023
            assert writer.poll() is None
            if crashes < 2:
                os.kill(own_server.pid, signal.SIGKILL)
    finally:
        writer.kill()
        writer.wait()

    with psycopg.connect(dsn, autocommit=True) as conn:
        eventually(lambda: undelivered(conn) == 0)
        written = {row[0] for row in conn.execute("select key from written")}
        assert effects(conn) == dict.fromkeys(written, 1)
    assert process.process.poll() is None


def count(dsn: str) -> int:
    """Count what was written, once the server answers again."""

    def look() -> tuple[int] | None:
        try:
            with psycopg.connect(dsn, connect_timeout=5) as conn:
                return conn.execute("select count(*) from written").fetchone()
        except psycopg.OperationalError:
            return None

    return eventually(look)[0]
