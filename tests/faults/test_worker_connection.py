"""What a listener does when its connections or its server go away."""

from __future__ import annotations

import os
import signal
import time

import psycopg
import pytest

from pgbacklog import schema

from support.database import Database
from support.deaf_proxy import DeafProxy
from support.listening import enqueue, eventually, live, outcomes

COUNT = """
    import time
    from pgbacklog import handler

    @handler("work")
    def work(item):
        time.sleep({seconds})

    @handler("effect", transactional=True)
    def effect(item, conn):
        conn.execute("insert into effect values (%s)", [item.event_data["n"]])
        time.sleep({seconds})
"""


def test_terminated_connections_are_replaced(db: Database, listen) -> None:
    """pg_terminate_backend of every connection, again and again, loses and doubles nothing."""
    conn = db.connect()
    conn.execute("create table effect (n int)")
    conn.execute(
        "select backlog.set_retry_policy('*', p_max_retries => 20, p_retry_delay_seconds => 0)"
    )
    enqueue(conn, "work", 300)
    enqueue(conn, "effect", 300)
    process = listen(COUNT.format(seconds=0.01), "--threads", "3", "--lock-timeout", "3")
    for _ in range(4):
        time.sleep(0.4)
        conn.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and application_name like 'pgbacklog%'"
        )
    eventually(lambda: live(conn) == 0)

    assert outcomes(conn)["completed"] == 600
    assert conn.execute("select count(*), count(distinct n) from effect").fetchone() == (300, 300)
    assert process.events("connection lost")
    assert process.process.poll() is None


def test_an_idle_listener_hears_again_after_a_lost_connection(db: Database, listen) -> None:
    """The listening connection listens again, and what came meanwhile is found."""
    conn = db.connect()
    process = listen(COUNT.format(seconds=0), "--poll-interval", "600")
    for _ in range(2):
        time.sleep(0.5)
        conn.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and application_name like 'pgbacklog listener%'"
        )
        enqueue(conn, "work")
        eventually(lambda: live(conn) == 0)
        eventually(lambda: process.events("connected again"))
        time.sleep(0.3)
        enqueue(conn, "work")
        eventually(lambda: live(conn) == 0)


@pytest.mark.slow
def test_a_listener_outlives_a_server_restart(own_server, listen) -> None:
    """Work goes on after the server was shut down hard and started again."""
    dsn = own_server.dsn
    schema.migrate(dsn)
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(
            "select backlog.set_retry_policy('*', p_max_retries => 9, p_retry_delay_seconds => 0)"
        )
        enqueue(conn, "work", 200)
    process = listen(COUNT.format(seconds=0.02), "--threads", "2", "--lock-timeout", "3", dsn=dsn)
    time.sleep(0.5)
    os.kill(own_server.pid, signal.SIGQUIT)  # immediate shutdown: as good as a crash
    eventually(lambda: process.events("connection lost"))
    own_server.stop()
    dsn = own_server.start()
    with psycopg.connect(dsn, autocommit=True) as conn:
        eventually(lambda: live(conn) == 0)
        assert outcomes(conn)["completed"] == 200
    assert process.process.poll() is None


def test_a_proxy_that_swallows_notifications_is_noticed(db: Database, listen) -> None:
    """Behind a transaction pooler the listener warns and polls."""
    conn = db.connect()
    proxy = DeafProxy(db.dsn)
    process = listen(COUNT.format(seconds=0), dsn=proxy.dsn)
    enqueue(conn, "work", 5)
    eventually(lambda: live(conn) == 0)
    proxy.close()

    (warning,) = process.events("notifications do not arrive; polling instead")
    assert warning["level"] == "warning"
    flagged = conn.execute("select count(*) from backlog_internal.listener").fetchone()[0]
    assert flagged == 0  # producers are not asked for notifications that nobody hears
