"""Several listeners, all kinds of handlers, and no peace."""

from __future__ import annotations

import random
import signal
import time

import pytest

from support.database import Database
from support.listening import enqueue, eventually, live

HOOKS = """
    import random, time
    from pgbacklog import RetryLater, handler

    @handler("quick")
    def quick(item):
        pass

    @handler("failing")
    def failing(item):
        if random.random() < 0.3:
            raise ValueError("bad luck")
        if random.random() < 0.1:
            raise RetryLater(0)

    @handler("slow")
    def slow(item):
        time.sleep(random.uniform(0, 0.05))

    @handler("hanging", timeout=0.3)
    def hanging(item):
        time.sleep(1.5 if random.random() < 0.05 else 0)

    @handler("exact", transactional=True)
    def exact(item, conn):
        conn.execute("insert into effect values (%s)", [item.id])
        if random.random() < 0.1:
            raise ValueError("bad luck")
"""
KINDS = {"quick": 3000, "failing": 500, "slow": 300, "hanging": 60, "exact": 500}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_every_item_ends_once_whatever_happens(db: Database, listen, seed: int) -> None:
    """Kills, stops and cut connections: each item is completed exactly once in the books."""
    conn = db.connect()
    conn.execute("create table effect (id bigint primary key)")
    conn.execute(
        "select backlog.set_retry_policy('*', p_max_retries => 100, p_retry_delay_seconds => 0)"
    )
    chance = random.Random(seed)
    expected = [i for kind, count in KINDS.items() for i in enqueue(conn, kind, count)]
    options = ("--threads", "4", "--lock-timeout", "3", "--grace", "1")
    listeners = [listen(HOOKS, *options) for _ in range(2)]
    for _ in range(15):
        if not live(conn):
            break
        time.sleep(chance.uniform(0.1, 0.6))
        act = chance.choice(["kill", "stop", "cut"])
        if act == "cut":
            conn.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and application_name like 'pgbacklog%%'"
                " and random() < 0.5"
            )
            continue
        victim = listeners.pop(chance.randrange(len(listeners)))
        victim.process.send_signal(signal.SIGKILL if act == "kill" else signal.SIGTERM)
        listeners.append(listen(HOOKS, *options))
    eventually(lambda: live(conn) == 0)

    completed = conn.execute(
        "select id from backlog.retry_history where outcome = 'completed' order by id"
    ).fetchall()
    assert [row[0] for row in completed] == sorted(expected)
    exact = conn.execute("select count(*) from effect").fetchone()[0]
    assert exact == KINDS["exact"]
    assert conn.execute("select count(*) from backlog.dead_letters").fetchone()[0] == 0
    assert conn.execute("select count(*) from backlog_internal.retry_lease").fetchone()[0] == 0
