"""chancy, with its asynchronous executor."""

from __future__ import annotations

import logging
from typing import Any

from .base import Send, Sink, WorkerSystem, missing_package

# chancy finds its jobs by the name of a module and a function, so the sink is a module variable.
current_sink: Sink | None = None


async def noop(*, ts: float) -> None:
    """Be the job."""
    assert current_sink is not None
    current_sink.hit(ts)


class Chancy(WorkerSystem):
    """Five hundred jobs at once: its best setting here.

    chancy writes what it has finished once a second, so it is judged by the jobs it handled,
    which favours it: every other package is judged by the jobs it finished for good.
    """

    name = "chancy"
    jobs = 10_000
    open_sql = "select count(*) from chancy_jobs where state <> 'succeeded'"

    def missing(self) -> str | None:
        return missing_package("chancy", "chancy")

    def client(self) -> Any:
        """Return its client, with a quiet logger."""
        from chancy import Chancy as Client

        log = logging.getLogger("bench.chancy")
        log.setLevel(logging.ERROR)
        return Client(self.server.url_of(self.database), log=log)

    def queue(self) -> Any:
        """Return the declaration of its queue."""
        from chancy import Chancy as Client
        from chancy import Queue

        return Queue(
            "default",
            concurrency=500,
            executor=Client.Executor.Async,
            polling_interval=1,
            eager_polling=True,
        )

    def job(self, sent_at: float) -> Any:
        """Return one job."""
        from chancy.job import Job

        return Job(func=f"{__name__}.noop", queue="default").with_kwargs(ts=sent_at)

    async def setup(self) -> None:
        self.server.recreate(self.database)
        async with self.client() as client:
            await client.migrate()
            await client.declare(self.queue())

    async def fill(self, count: int) -> None:
        async with self.client() as client:
            async for _ in client.push_many([self.job(0.0)] * count, batch_size=1000):
                pass

    async def sender(self) -> Send:
        client = self.client()
        await client.__aenter__()

        async def send(sent_at: float) -> None:
            await client.push(self.job(sent_at))

        return send

    async def work(self, sink: Sink) -> None:
        global current_sink
        current_sink = sink
        from chancy import Worker

        async with self.client() as client:
            await client.declare(self.queue(), upsert=True)
            async with Worker(client) as worker:
                await worker.wait_for_shutdown()
