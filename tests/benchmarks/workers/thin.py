"""A bare loop around the classic table: the upper bound of what a Python worker can do."""

from __future__ import annotations

import json

from ..server import Connection
from ..systems import Classic
from .base import Send, Sink, WorkerSystem


class Thin(WorkerSystem):
    """Claim a hundred, call the handler, acknowledge; LISTEN while there is nothing to do.

    It has no retries, no heartbeats, no time-outs and no concurrency, and a failing handler ends
    it: a ceiling, not a rival.
    """

    name = "thin_loop"
    jobs = 60_000
    open_sql = "select count(*) from q"

    def queue(self) -> Classic:
        """Return the classic table in this system's database."""
        queue = Classic(self.server, self.settings)
        queue.database = self.database
        return queue

    async def setup(self) -> None:
        self.queue().setup()

    async def fill(self, count: int) -> None:
        with self.server.connect(self.database) as connection:
            connection.execute(
                "insert into q (payload) select '{\"ts\": 0.0}' from generate_series(1, %s)",
                (count,),
            )

    async def sender(self) -> Send:
        connection = self.server.connect(self.database)

        async def send(sent_at: float) -> None:
            with connection.transaction():
                connection.execute(
                    "insert into q (payload) values (%s)", (json.dumps({"ts": sent_at}),)
                )
                connection.execute("select pg_notify('q', '')")

        return send

    async def work(self, sink: Sink) -> None:
        with self.server.connect(self.database) as connection:
            connection.execute("listen q")
            while True:
                if not self.work_once(connection, sink):
                    for _ in connection.notifies(timeout=1.0, stop_after=1):
                        pass

    def work_once(self, connection: Connection, sink: Sink) -> bool:
        """Work on one batch; return False when there was none."""
        queue = self.queue()
        items = queue.claim(connection, 100, "w1")
        for item in items:
            sink.hit(item[2]["ts"])
        if items:
            queue.acknowledge(connection, items, "w1")
        return bool(items)
