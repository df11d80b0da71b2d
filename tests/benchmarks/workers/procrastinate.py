"""procrastinate, with its asynchronous worker."""

from __future__ import annotations

from typing import Any

from .base import Send, Sink, WorkerSystem, missing_package


class Procrastinate(WorkerSystem):
    """Ten jobs at once, notifications on, finished jobs deleted: its best settings here."""

    name = "procrastinate"
    jobs = 3_000
    open_sql = "select count(*) from procrastinate_jobs"

    def missing(self) -> str | None:
        return missing_package("procrastinate", "procrastinate")

    def app(self, sink: Sink | None = None) -> tuple[Any, Any]:
        """Return the app and its one task."""
        import procrastinate

        connector = procrastinate.PsycopgConnector(
            conninfo=self.server.dsn_of(self.database), min_size=2, max_size=12
        )
        app = procrastinate.App(connector=connector)

        @app.task(name="noop", queue="bench")
        async def noop(ts: float) -> None:
            assert sink is not None
            sink.hit(ts)

        return app, noop

    async def setup(self) -> None:
        self.server.recreate(self.database)
        app, _ = self.app()
        async with app.open_async():
            await app.schema_manager.apply_schema_async()

    async def fill(self, count: int) -> None:
        app, task = self.app()
        async with app.open_async():
            for first in range(0, count, 1000):
                jobs = [{"ts": 0.0}] * min(1000, count - first)
                await task.batch_defer_async(*jobs)

    async def sender(self) -> Send:
        app, task = self.app()
        await app.open_async().__aenter__()

        async def send(sent_at: float) -> None:
            await task.defer_async(ts=sent_at)

        return send

    async def work(self, sink: Sink) -> None:
        app, _ = self.app(sink)
        async with app.open_async():
            await app.run_worker_async(
                queues=["bench"],
                concurrency=10,
                wait=True,
                listen_notify=True,
                delete_jobs="always",
            )
