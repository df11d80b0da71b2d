"""PgQueuer, with its asynchronous worker on asyncpg."""

from __future__ import annotations

import json
from typing import Any

from .base import Send, Sink, WorkerSystem, missing_package


class Pgqueuer(WorkerSystem):
    """Batches of a hundred: its best setting here."""

    name = "pgqueuer"
    open_sql = "select count(*) from pgqueuer"

    def missing(self) -> str | None:
        return missing_package("pgqueuer", "pgqueuer asyncpg") or missing_package(
            "asyncpg", "asyncpg"
        )

    async def queries(self) -> Any:
        """Return its query object on a connection of its own."""
        import asyncpg
        from pgqueuer.db import AsyncpgDriver
        from pgqueuer.queries import Queries

        connection = await asyncpg.connect(dsn=self.server.url_of(self.database))
        return Queries(AsyncpgDriver(connection))

    async def setup(self) -> None:
        self.server.recreate(self.database)
        queries = await self.queries()
        await queries.install()

    async def fill(self, count: int) -> None:
        queries = await self.queries()
        for first in range(0, count, 1000):
            size = min(1000, count - first)
            await queries.enqueue(["bench"] * size, [b'{"ts": 0.0}'] * size, [0] * size)

    async def sender(self) -> Send:
        queries = await self.queries()

        async def send(sent_at: float) -> None:
            await queries.enqueue("bench", json.dumps({"ts": sent_at}).encode(), 0)

        return send

    async def work(self, sink: Sink) -> None:
        from pgqueuer import PgQueuer

        queries = await self.queries()
        worker = PgQueuer(queries.driver)

        @worker.entrypoint("bench")
        async def bench(job: Any) -> None:
            sink.hit(json.loads(job.payload)["ts"])

        await worker.run(batch_size=100)
