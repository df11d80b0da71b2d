"""absurd, installed from its SQL file: durable runs with kept history, one call per run."""

from __future__ import annotations

from collections.abc import Sequence

from ..payload import PAYLOAD_SQL, payload
from ..server import Connection
from .base import Item, PeerFromFile


class Absurd(PeerFromFile):
    """absurd keeps every task and run; it has no batch call to enqueue or to complete."""

    name = "absurd"
    peer = "absurd"
    tables = ("absurd.t_bench", "absurd.r_bench")
    # A claim walks the whole backlog, and filling makes one call per message.
    largest_backlog = 20_000

    def install(self) -> None:
        self.server.run_file(self.database, self.source())
        with self.connect() as connection:
            connection.execute("select absurd.create_queue('bench')")

    def single_sql(self) -> str:
        return f"select absurd.spawn_task('bench', 'noop', '{payload(1)}'::jsonb);"

    def bulk_sql(self) -> str:
        return (
            "select count(*) from bench_batch as b, unnest(b.payloads) as p,"
            " lateral absurd.spawn_task('bench', 'noop', p);"
        )

    def fill(self, connection: Connection, count: int, batch: int = 100) -> None:
        connection.execute(
            f"select count(*) from generate_series(1, %s) as g,"
            f" lateral absurd.spawn_task('bench', 'noop', {PAYLOAD_SQL})",
            (count,),
        )

    def claim(self, connection: Connection, batch: int, worker: str) -> Sequence[Item]:
        return connection.execute(
            "select run_id, attempt, params from absurd.claim_task('bench', %s, 60, %s)",
            (worker, batch),
        ).fetchall()

    def acknowledge(self, connection: Connection, items: Sequence[Item], worker: str) -> None:
        connection.execute(
            "select absurd.complete_run('bench', r) from unnest(%s::uuid[]) as r",
            ([item[0] for item in items],),
        )

    def backlog(self, connection: Connection) -> int:
        row = connection.execute(
            "select count(*) from absurd.r_bench where state = 'pending'"
        ).fetchone()
        return int(row[0]) if row else 0
