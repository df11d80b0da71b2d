"""pgmq, installed from its SQL file (no extension needed)."""

from __future__ import annotations

from collections.abc import Sequence

from ..payload import PAYLOAD_SQL, payload
from ..server import Connection
from .base import Item, PeerFromFile


class Pgmq(PeerFromFile):
    """pgmq with read and delete: leases, no history."""

    name = "pgmq"
    peer = "pgmq"
    tables = ("pgmq.q_bench", "pgmq.a_bench")
    finish = "delete"

    def install(self) -> None:
        self.server.run_file(self.database, self.source())
        with self.connect() as connection:
            connection.execute("select pgmq.create('bench')")

    def single_sql(self) -> str:
        return f"select pgmq.send('bench', '{payload(1)}'::jsonb);"

    def bulk_sql(self) -> str:
        return "select count(*) from bench_batch as b, pgmq.send_batch('bench', b.payloads);"

    def fill(self, connection: Connection, count: int, batch: int = 100) -> None:
        self.defer(connection, count, 0)

    def defer(self, connection: Connection, count: int, seconds: int) -> bool:
        for first in range(1, count + 1, 10_000):
            connection.execute(
                f"select count(*) from pgmq.send_batch('bench', array(select {PAYLOAD_SQL}"
                " from generate_series(%s::int, %s::int) as g), %s::int)",
                (first, min(count, first + 9_999), seconds),
            )
        return True

    def claim(self, connection: Connection, batch: int, worker: str) -> Sequence[Item]:
        return connection.execute(
            "select msg_id, read_ct, message from pgmq.read('bench', 30, %s)", (batch,)
        ).fetchall()

    def acknowledge(self, connection: Connection, items: Sequence[Item], worker: str) -> None:
        connection.execute(
            f"select pgmq.{self.finish}('bench', %s::bigint[])", ([item[0] for item in items],)
        )

    def backlog(self, connection: Connection) -> int:
        row = connection.execute("select count(*) from pgmq.q_bench").fetchone()
        return int(row[0]) if row else 0


class PgmqArchive(Pgmq):
    """pgmq with read and archive: its form of history."""

    name = "pgmq_archive"
    finish = "archive"
