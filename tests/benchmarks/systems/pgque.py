"""PgQue, installed from its SQL file. A batch is a tick window, not a number of messages."""

from __future__ import annotations

from collections.abc import Sequence

from ..payload import PAYLOAD_SQL, payload
from ..server import Connection
from .base import Item, PeerFromFile


class Pgque(PeerFromFile):
    """PgQue with cooperative subconsumers; a batch is finished as a whole by moving a cursor.

    There is no acknowledgement of single messages, no delay and no history: it does less.
    The backlog is built of one tick per batch to come, which makes large ones slow to build.
    """

    name = "pgque"
    peer = "pgque"

    def install(self) -> None:
        self.server.run_file(self.database, self.source())
        with self.connect() as connection:
            connection.execute("select pgque.create_queue('bench')")
            for option, value in (("ticker_max_count", "1"), ("rotation_period", "20 seconds")):
                connection.execute(
                    "select pgque.set_queue_config('bench', %s, %s)", (option, value)
                )
            connection.execute("select pgque.subscribe_subconsumer('bench', 'c', 'w1')")

    def join(self, connection: Connection, worker: str) -> None:
        if worker != "w1":
            connection.execute("select pgque.subscribe_subconsumer('bench', 'c', %s)", (worker,))

    def single_sql(self) -> str:
        return f"select pgque.send('bench', '{payload(1)}'::jsonb);"

    def bulk_sql(self) -> str:
        return "select cardinality(pgque.send_batch('bench', b.payloads)) from bench_batch as b;"

    def fill(self, connection: Connection, count: int, batch: int = 100) -> None:
        most = {1: 3_000, 10: 25_000}.get(batch, count)
        for first in range(1, min(count, most) + 1, batch):
            connection.execute(
                f"select pgque.send_batch('bench', array(select {PAYLOAD_SQL}"
                " from generate_series(%s::int, %s::int) as g))",
                (first, min(count, first + batch - 1)),
            )
            self.tick(connection)

    def claim(self, connection: Connection, batch: int, worker: str) -> Sequence[Item]:
        return connection.execute(
            "select msg_id, batch_id, payload from pgque.receive_coop('bench', 'c', %s, 1000000)",
            (worker,),
        ).fetchall()

    def acknowledge(self, connection: Connection, items: Sequence[Item], worker: str) -> None:
        connection.execute("select pgque.ack(%s)", (items[0][1],))

    def tick(self, connection: Connection) -> None:
        connection.execute("select pgque.ticker('bench')")

    def backlog(self, connection: Connection) -> int:
        """Say that nothing waits, so that each measurement starts from a fresh queue.

        What is left over is cut into tick windows of the last measurement's batch size.
        """
        return 0
