"""What a listener does behind a real PgBouncer, and after it missed notifications."""

from __future__ import annotations

import time

from psycopg.conninfo import make_conninfo

from support.database import Database
from support.listening import enqueue, eventually, live, outcomes, resting

HOOKS = """
    from pgbacklog import handler

    @handler("work")
    def work(item):
        pass

    @handler("effect", transactional=True)
    def effect(item, conn):
        conn.execute("insert into effect values (%s)", [item.event_data["n"]])
"""
WARNING = "notifications do not arrive; polling instead"


def test_a_pooler_in_transaction_mode_is_noticed(db: Database, listen, pgbouncer) -> None:
    """The listener says so, polls every second at least, and asks nobody for notifications."""
    conn = db.connect()
    conn.execute("create table effect (n int primary key)")
    process = listen(
        HOOKS, "--poll-interval", "600", dsn=pgbouncer("transaction").dsn(db.name)
    )
    (warning,) = process.events(WARNING)
    assert warning["level"] == "warning"
    assert warning["hint"] == "Connect to the server itself, or to a pooler in session mode."
    assert process.events("listening")[0]["notifications"] == "no"

    for _ in range(2):
        enqueue(conn, "work")
        eventually(lambda: live(conn) == 0)  # long before the 600 seconds are over
        time.sleep(1)
    assert conn.execute("select count(*) from backlog_internal.listener").fetchone()[0] == 0

    # many transactions on many threads: nothing of a session is relied upon
    enqueue(conn, "effect", 500)
    eventually(lambda: live(conn) == 0)
    assert conn.execute("select count(*) from effect").fetchone()[0] == 500
    assert outcomes(conn) == {"completed": 502}
    assert not [event for event in process.events() if event["level"] == "error"]

    process.process.terminate()
    assert process.ended() == 0


def test_a_pooler_in_session_mode_lets_notifications_through(
    db: Database, listen, pgbouncer
) -> None:
    conn = db.connect()
    process = listen(HOOKS, "--poll-interval", "600", dsn=pgbouncer("session").dsn(db.name))
    assert not process.events(WARNING)
    assert process.events("listening")[0]["notifications"] == "yes"
    for _ in range(3):
        time.sleep(0.5)
        enqueue(conn, "work")
        eventually(lambda: live(conn) == 0)


def test_what_was_enqueued_while_the_listener_was_away_is_found(db: Database, listen) -> None:
    """No notification tells of it: the queue is drained after every reconnect."""
    conn = db.connect()
    process = listen(HOOKS, "--poll-interval", "600")
    for turn in range(3):
        eventually(lambda: resting(conn))
        # Without the flag that somebody sleeps, these items are committed without a notification.
        conn.execute("delete from backlog_internal.listener")
        enqueue(conn, "work", 50)
        time.sleep(0.2)
        assert live(conn) == 50  # nobody has told the listener, and it does not look by itself
        conn.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            " where datname = current_database() and application_name like 'pgbacklog listener%'"
        )
        eventually(lambda: live(conn) == 0)
        eventually(lambda n=turn: len(process.events("connected again")) > n)
    assert outcomes(conn) == {"completed": 150}


def test_a_listener_finds_out_about_a_pooler_by_any_name(db: Database, listen, pgbouncer) -> None:
    """An application name given in the address changes nothing."""
    dsn = make_conninfo(pgbouncer("transaction").dsn(db.name), application_name="mine")
    process = listen(HOOKS, dsn=dsn)
    assert process.events(WARNING)
    conn = db.connect()
    enqueue(conn, "work", 3)
    eventually(lambda: live(conn) == 0)


def test_hooks_are_called_behind_a_pooler_in_transaction_mode(
    db: Database, listen, pgbouncer
) -> None:
    """Python hooks, transactional or not, SQL hooks, large commits and turns: none needs a session."""
    conn = db.connect()
    conn.execute("create table called (hook text, key text)")
    conn.execute("select backlog.create_pipeline('orders')")
    conn.execute(
        "create function note(p_event jsonb) returns void language sql begin atomic"
        " insert into called values (p_event ->> 'hook', p_event ->> 'idempotency_key'); end"
    )
    conn.execute("select backlog.register_sql_hook('in_sql', 'note(jsonb)', 'checkpoint')")
    hooks = """
        from pgbacklog import checkpoint

        @checkpoint(pipeline="orders", mode="individual")
        def singly(param):
            param.destination_db.execute("insert into called values ('singly', %s)", [param.ctx.idempotency_key])

        @checkpoint(pipeline="orders", mode="individual", transactional=True, order_key="customer")
        def in_order(param):
            param.connection.execute("insert into called values ('in_order', %s)", [param.ctx.idempotency_key])
    """
    process = listen(hooks, dsn=pgbouncer("transaction").dsn(db.name))
    assert process.events(WARNING)
    for _ in range(2):
        conn.execute(
            "select backlog.save_checkpoint('orders', jsonb_agg(jsonb_build_object('customer', n % 10)))"
            " from generate_series(1, 150) as n"
        )
    pending = "select count(*) from backlog.hooks where pending + in_progress > 0"
    eventually(
        lambda: dict(conn.execute("select hook, count(*) from called group by 1").fetchall())
        == {"in_sql": 2, "singly": 300, "in_order": 300}
    )
    eventually(lambda: conn.execute(pending).fetchone()[0] == 0)
    assert conn.execute("select count(*), count(distinct key) from called").fetchone() == (602, 602)
    assert not [event for event in process.events() if event["level"] == "error"]
