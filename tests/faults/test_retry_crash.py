"""Workers and servers are killed at random moments; a ledger shows that each effect happened once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from typing import Any

import psycopg
import pytest

from pgbacklog import schema
from pgbacklog.embedded import EmbeddedServer
from pgbacklog.errors import ServerError

from support.database import Database
from support.listening import eventually

LEDGER = "create table effect (item bigint not null, worker text not null)"
# Acquire a batch; for each item write its effect and ack it in one transaction, by turns one by
# one, as a batch, or as a failure. Whatever goes wrong, begin anew: that is all a worker needs.
WORKER = """
import os, random, sys, time
import psycopg

dsn, name, seed = sys.argv[1:]
chance = random.Random(int(seed))
while True:
    try:
        with psycopg.connect(dsn, autocommit=True, connect_timeout=5) as conn:
            while True:
                size = chance.choice([1, 3, 20])
                rows = conn.execute(
                    "select id, lock_token from backlog.acquire_retry_items(%s, %s, 2)", [name, size]
                ).fetchall()
                if not rows:
                    time.sleep(0.02)
                    continue
                if chance.random() < 0.3:
                    with conn.transaction():
                        for item, token in rows:
                            conn.execute("insert into effect values (%s, %s)", [item, name])
                        conn.execute(
                            "select backlog.complete_retry_items(%s, %s)",
                            [[r[0] for r in rows], [r[1] for r in rows]],
                        )
                    continue
                for item, token in rows:
                    if chance.random() < 0.2:
                        conn.execute(
                            "select backlog.fail_retry_item(%s, %s, 'no', '503', %s, 0)",
                            [item, name, token],
                        )
                        continue
                    with conn.transaction():
                        conn.execute("insert into effect values (%s, %s)", [item, name])
                        time.sleep(chance.random() * 0.004)
                        conn.execute(
                            "select backlog.complete_retry_item(%s, %s, %s)", [item, name, token]
                        )
    except psycopg.Error:
        time.sleep(0.05)
"""
# Enqueues batches and notes in the same transaction what it enqueued.
PRODUCER = """
import json, sys, time
import psycopg

dsn, batches = sys.argv[1], int(sys.argv[2])
done = 0
while done < batches:
    try:
        with psycopg.connect(dsn, autocommit=True, connect_timeout=5) as conn:
            done = conn.execute("select count(distinct batch) from produced").fetchone()[0]
            while done < batches:
                with conn.transaction():
                    conn.execute(
                        "insert into produced select %s, b from backlog.enqueue_retry_batch('work', %s) as b",
                        [done, json.dumps(list(range(20)))],
                    )
                done += 1
                time.sleep(0.05)
    except psycopg.Error:
        time.sleep(0.05)
"""


class Crew:
    """Processes that run until they are killed."""

    def __init__(self, dsn: str, seed: int) -> None:
        self.dsn = dsn
        self.chance = random.Random(seed)
        self.workers: dict[str, subprocess.Popen[bytes]] = {}
        self.producers: list[subprocess.Popen[bytes]] = []
        self._numbers = 0

    def hire(self) -> None:
        """Start one more worker."""
        self._numbers += 1
        name = f"w{self._numbers}"
        arguments = [self.dsn, name, str(self.chance.randrange(1 << 30))]
        self.workers[name] = subprocess.Popen([sys.executable, "-c", WORKER, *arguments])

    def produce(self, batches: int) -> None:
        """Start a producer."""
        self.producers.append(
            subprocess.Popen([sys.executable, "-c", PRODUCER, self.dsn, str(batches)])
        )

    def kill_one(self, conn: psycopg.Connection[Any]) -> None:
        """Kill a worker that has something under lease, as the kernel would."""
        busy = eventually(lambda: [row[0] for row in conn.execute(
            "select distinct worker_id from backlog_internal.retry_lease where worker_id = any (%s)",
            [list(self.workers)],
        )], 30)
        victim = self.workers.pop(self.chance.choice(sorted(busy)))
        time.sleep(self.chance.uniform(0, 0.03))
        os.kill(victim.pid, signal.SIGKILL)
        victim.wait()

    def close(self) -> None:
        """Kill all."""
        for process in [*self.workers.values(), *self.producers]:
            process.kill()
            process.wait()


def prepare(dsn: str) -> None:
    """Make the ledger; items never run out of attempts."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(LEDGER)
        conn.execute("create table produced (batch int not null, item bigint not null)")
        conn.execute("select backlog.set_retry_policy('work', p_max_retries => 1000)")


def balance(conn: psycopg.Connection[Any]) -> tuple[Any, ...]:
    """Count produced items, effects, distinct effects, completions, and what is left anywhere."""
    return conn.execute(
        """
        select
          (select count(*) from produced),
          (select count(*) from effect),
          (select count(distinct e.item) from effect as e join produced as p on p.item = e.item),
          (select count(*) from backlog.retry_history where outcome = 'completed'),
          (select count(*) from backlog_internal.retry_item),
          (select count(*) from backlog_internal.retry_ready),
          (select count(*) from backlog_internal.retry_lease),
          (select count(*) from backlog.dead_letters)
        """
    ).fetchone()


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_workers_neither_lose_nor_double(db: Database, seed: int) -> None:
    """Effects are written with the ack, so a crash between acquire and commit costs an attempt only."""
    prepare(db.dsn)
    crew = Crew(db.dsn, seed)
    conn = db.connect()
    try:
        crew.produce(60)
        for _ in range(3):
            crew.hire()
        for _ in range(8):
            crew.kill_one(conn)
            crew.hire()
            time.sleep(crew.chance.uniform(0, 0.3))
        assert crew.producers[0].wait(60) == 0
        eventually(lambda: balance(conn)[4] == 0)
    finally:
        crew.close()
    assert balance(conn) == (1200, 1200, 1200, 1200, 0, 0, 0, 0)
    crashes = conn.execute(
        "select count(*) from backlog.retry_history where error_code = 'lease_expired'"
    ).fetchone()[0]
    assert crashes > 0


@pytest.mark.slow
def test_a_killed_server_neither_loses_nor_doubles(own_server: EmbeddedServer) -> None:
    """What was committed survives; what was not comes back."""
    schema.migrate(own_server.dsn)
    prepare(own_server.dsn)
    crew = Crew(own_server.dsn, 3)
    try:
        crew.produce(60)
        for _ in range(2):
            crew.hire()
        for _ in range(3):
            time.sleep(crew.chance.uniform(0.3, 1.2))
            os.kill(own_server.pid, signal.SIGKILL)
            restart(own_server)
        assert crew.producers[0].wait(60) == 0
        with psycopg.connect(own_server.dsn, autocommit=True) as conn:
            eventually(lambda: balance(conn)[4] == 0)
    finally:
        crew.close()
    with psycopg.connect(own_server.dsn, autocommit=True) as conn:
        assert balance(conn) == (1200, 1200, 1200, 1200, 0, 0, 0, 0)


def restart(server: EmbeddedServer) -> None:
    """Start the server again once its processes are gone."""
    server.stop()
    eventually(lambda: start_or_none(server))


def start_or_none(server: EmbeddedServer) -> str | None:
    """Start the server unless what is left of the old one is still in the way."""
    try:
        return server.start()
    except ServerError:
        return None
