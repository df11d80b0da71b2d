"""absurd's Python SDK."""

from __future__ import annotations

from typing import Any

from ..settings import PEER_SQL_SOURCES, PEER_SQL_VARIABLES
from .base import Send, Sink, WorkerSystem, missing_package


class AbsurdSdk(WorkerSystem):
    """A hundred at once; it polls four times a second, which is what its latency shows."""

    name = "absurd"
    jobs = 2_000
    open_sql = "select count(*) from absurd.r_bench where state <> 'completed'"

    def missing(self) -> str | None:
        if "absurd" not in self.settings.peer_sql:
            return f"fetch {PEER_SQL_SOURCES['absurd']} and set {PEER_SQL_VARIABLES['absurd']}"
        return missing_package("absurd_sdk", "absurd-sdk")

    def client(self) -> Any:
        """Return its asynchronous client."""
        from absurd_sdk import AsyncAbsurd

        return AsyncAbsurd(self.server.dsn_of(self.database), queue_name="bench")

    async def setup(self) -> None:
        self.server.recreate(self.database)
        self.server.run_file(self.database, self.settings.peer_sql["absurd"])
        with self.server.connect(self.database) as connection:
            connection.execute("select absurd.create_queue('bench')")

    async def fill(self, count: int) -> None:
        with self.server.connect(self.database) as connection:
            connection.execute(
                "select count(*) from generate_series(1, %s) as g, lateral"
                " absurd.spawn_task('bench', 'noop', jsonb_build_object('ts', 0.0, 'g', g))",
                (count,),
            )

    async def sender(self) -> Send:
        client = self.client()

        async def send(sent_at: float) -> None:
            await client.spawn("noop", {"ts": sent_at}, queue="bench")

        return send

    async def work(self, sink: Sink) -> None:
        client: Any = self.client()

        @client.register_task("noop", queue="bench")
        async def noop(params: Any, ctx: Any) -> None:
            sink.hit(params["ts"])

        await client.start_worker(concurrency=100, batch_size=100)
