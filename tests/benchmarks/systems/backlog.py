"""pgbacklog as shipped: installed by `pgbacklog migrate`, used through its functions only."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from ..payload import PAYLOAD_SQL, payload
from ..server import Connection
from .base import Item, QueueSystem

# A worker reads these; a wider list would time the transport of columns that nobody uses.
COLUMNS = "id, event_data, retry_count, lock_token"
CLIENT_FOLDER = Path(__file__).resolve().parents[3] / "pyclient"


def client_environment() -> dict[str, str]:
    """Return an environment in which this checkout's client is the one that runs."""
    paths = [str(CLIENT_FOLDER), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}


def migrate(dsn: str) -> None:
    """Install pgbacklog into the database at `dsn`, as a user would."""
    done = subprocess.run(
        [sys.executable, "-m", "pgbacklog", "migrate"],
        env={**client_environment(), "DATABASE_URL": dsn},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"pgbacklog migrate failed: {done.stdout} {done.stderr}")


class Backlog(QueueSystem):
    """pgbacklog with one call to acquire and one to complete a batch."""

    name = "pgbacklog"
    tables = (
        "backlog_internal.retry_item",
        "backlog_internal.retry_ready",
        "backlog_internal.retry_lease",
        "backlog_internal.retry_history",
    )

    def setup(self) -> None:
        template = self.server.template(
            f"{self.settings.database_prefix}installed",
            lambda name: migrate(self.server.url_of(name)),
        )
        self.server.recreate(self.database, template=template)

    def install(self) -> None:
        migrate(self.server.url_of(self.database))

    def single_sql(self) -> str:
        return f"select * from backlog.enqueue_retry_item('bench', '{payload(1)}'::jsonb);"

    def bulk_sql(self) -> str:
        # One kind of work, as in a queue of pgmq; enqueue_retry_items is for mixed ones.
        return (
            "select count(*) from bench_batch as b, backlog.enqueue_retry_batch('bench', b.list);"
        )

    def fill(self, connection: Connection, count: int, batch: int = 100) -> None:
        self.fill_with(connection, count)

    def defer(self, connection: Connection, count: int, seconds: int) -> bool:
        self.fill_with(connection, count, f", 'run_at', now() + make_interval(secs => {seconds})")
        return True

    def fill_with(self, connection: Connection, count: int, keys_sql: str = "") -> None:
        """Enqueue `count` items whose JSON has these further keys; `g` is the item's number."""
        escaped = keys_sql.replace("%", "%%")
        for first in range(1, count + 1, 10_000):
            connection.execute(
                "select count(*) from backlog.enqueue_retry_items((select"
                f" jsonb_agg(jsonb_build_object('event_type', 'bench', 'event_data',"
                f" {PAYLOAD_SQL}{escaped})) from generate_series(%s::int, %s::int) as g))",
                (first, min(count, first + 9_999)),
            )

    def claim(self, connection: Connection, batch: int, worker: str) -> Sequence[Item]:
        return connection.execute(
            f"select {COLUMNS} from backlog.acquire_retry_items(%s, %s, 30)", (worker, batch)
        ).fetchall()

    def acknowledge(self, connection: Connection, items: Sequence[Item], worker: str) -> None:
        connection.execute(
            "select count(*) from backlog.complete_retry_items(%s, %s)",
            ([item[0] for item in items], [item[3] for item in items]),
        )

    def backlog(self, connection: Connection) -> int:
        row = connection.execute("select count(*) from backlog_internal.retry_ready").fetchone()
        return int(row[0]) if row else 0


class BacklogOneCall(Backlog):
    """pgbacklog with complete_and_acquire_retry_items: one call per batch."""

    name = "pgbacklog_one_call"

    def drain(
        self, connection: Connection, batch: int, seconds: float, worker: str
    ) -> tuple[int, float]:
        done = 0
        token: int | None = None
        finished = False
        started = time.perf_counter()
        while not finished:
            # The last call asks for as much as any other and gives it back below; it completes
            # the batch before, so every item counted here has been completed.
            finished = time.perf_counter() - started >= seconds
            items = connection.execute(
                f"select {COLUMNS} from backlog.complete_and_acquire_retry_items(%s, %s, %s, 30)",
                (token, worker, batch),
            ).fetchall()
            if not items:
                return done, time.perf_counter() - started
            token = items[0][3]
            if not finished:
                done += len(items)
        spent = time.perf_counter() - started
        connection.execute(
            "select count(*) from backlog.release_retry_items(%s, %s)",
            ([item[0] for item in items], [item[3] for item in items]),
        )
        return done, spent
