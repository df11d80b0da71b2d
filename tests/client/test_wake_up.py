"""Listeners ask to be woken while they sleep, and not while commits come thick and fast."""

from __future__ import annotations

import threading

import psycopg

from support.database import Database
from support.listening import enqueue, eventually, live, resting

HOOKS = """
    from pgbacklog import handler

    @handler("work")
    def work(item):
        pass
"""


def produce(dsn: str, commits: int) -> None:
    """Enqueue items one by one, each in a transaction of its own."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("set synchronous_commit = off")
        for _ in range(commits):
            conn.execute("select backlog.enqueue_retry_item('work')")


def notified(db: Database, conn: psycopg.Connection, ear: psycopg.Connection) -> int:
    """Return how many of 2,000 commits, by four producers at once, notified."""
    producers = [threading.Thread(target=produce, args=(db.dsn, 500)) for _ in range(4)]
    for producer in producers:
        producer.start()
    for producer in producers:
        producer.join()
    eventually(lambda: live(conn) == 0)
    return len(list(ear.notifies(timeout=0.5)))


def test_a_stream_of_commits_is_not_notified_one_by_one(db: Database, listen) -> None:
    """The listener looks by itself for a while, and then asks for notifications again."""
    conn, ear = db.connect(), db.connect()
    ear.execute("listen backlog_work")
    listen(HOOKS, "--poll-interval", "600")
    # On a machine so busy that commits trickle in, each is rightly notified: three tries.
    heard: list[int] = []
    while len(heard) < 3 and min(heard, default=2000) >= 1000:
        heard.append(notified(db, conn, ear))
    assert min(heard) < 1000, f"{heard} of 2000 commits notified"

    for _ in range(3):
        eventually(lambda: resting(conn))
        list(ear.notifies(timeout=0))
        enqueue(conn, "work")
        eventually(lambda: live(conn) == 0)  # long before it would look by itself
        assert list(ear.notifies(timeout=60, stop_after=1))
