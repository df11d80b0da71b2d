"""pgbacklog's own listener, started by its command line with a module of hooks."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from ..server import Connection, Server
from ..settings import Settings
from ..systems.backlog import client_environment, migrate
from .base import Send, Sink, WorkerSystem

RECORD = '{"id": 1, "ts": 0.0}'
ITEM = '{"event_type": "bench", "event_data": {"ts": 0.0}}'
HOOKS = "tests.benchmarks.workers.hooks"
CHECKPOINT_HOOKS = "tests.benchmarks.workers.checkpoint_hooks"


class BacklogListener(WorkerSystem):
    """`pgbacklog listen` as shipped: thread pool, heartbeats, time-outs, retries, history."""

    name = "pgbacklog"
    jobs = 60_000
    open_sql = "select count(*) from backlog_internal.retry_item"
    hooks = HOOKS

    def __init__(self, server: Server, settings: Settings) -> None:
        super().__init__(server, settings)
        self.url = ""

    async def setup(self) -> None:
        self.server.recreate(self.database)
        migrate(self.server.url_of(self.database))

    async def fill(self, count: int) -> None:
        with self.server.connect(self.database) as connection:
            for first in range(0, count, 1000):
                connection.execute(
                    "select count(*) from backlog.enqueue_retry_items((select jsonb_agg(%s::jsonb)"
                    " from generate_series(1, %s)))",
                    (ITEM, min(1000, count - first)),
                )

    async def sender(self) -> Send:
        connection = self.server.connect(self.database)

        async def send(sent_at: float) -> None:
            connection.execute(
                "select * from backlog.enqueue_retry_item('bench', %s::jsonb)",
                (json.dumps({"ts": sent_at}),),
            )

        return send

    async def work(self, sink: Sink) -> None:
        # The listener takes over this process: nothing of the benchmark runs beside it.
        environment = listen_environment(self.server, self.database, sink.expected)
        os.execvpe(sys.executable, listen_command(self.hooks), environment)


class BacklogHooks(BacklogListener):
    """The same listener, calling a checkpoint hook for every single record that is committed."""

    name = "pgbacklog_hooks"
    hooks = CHECKPOINT_HOOKS

    async def setup(self) -> None:
        await super().setup()
        with self.server.connect(self.database) as connection:
            prepare_hooks(connection)

    async def fill(self, count: int) -> None:
        with self.server.connect(self.database) as connection:
            for first in range(0, count, 100):
                connection.execute(
                    "select backlog.save_checkpoint('bench', (select jsonb_agg(%s::jsonb)"
                    " from generate_series(1, %s)))",
                    (RECORD, min(100, count - first)),
                )

    async def sender(self) -> Send:
        connection = self.server.connect(self.database)

        async def send(sent_at: float) -> None:
            record = json.dumps({"id": 1, "ts": sent_at})
            connection.execute("select backlog.save_checkpoint('bench', %s::jsonb)", (record,))

        return send


def prepare_hooks(connection: Connection) -> None:
    """Make a pipeline without tables, and the hook that the listener will register again."""
    connection.execute("select backlog.create_pipeline('bench')")
    connection.execute(
        "select backlog.register_hook('bench', 'checkpoint', array['bench'], 'individual')"
    )


def listen_command(hooks: str = HOOKS) -> list[str]:
    """Return the command line of the listener."""
    return [sys.executable, "-m", "pgbacklog", "listen", "--hooks", hooks]


def listen_environment(
    server: Server, database: str, expected: int | None = None
) -> dict[str, str]:
    """Return the environment of a listener; its hook ends the process after `expected` items."""
    environment = client_environment()
    environment["PYTHONPATH"] += os.pathsep + str(Path(__file__).resolve().parents[3])
    environment["DATABASE_URL"] = server.url_of(database)
    if expected is not None:
        environment["BENCH_EXPECTED"] = str(expected)
    return environment
