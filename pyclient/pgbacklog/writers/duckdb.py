"""Write to a DuckDB file.

One process at a time can write to a file; its threads share it. A worker that finds it taken by
another process looks again a little later. Fence and receipt are a row of the table
pgbacklog_checkpoint beside the target. Options of the destination: connection or path, table
([schema.]table), mode, key, create.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any, ClassVar

import duckdb
import pyarrow as pa

from pgbacklog.errors import AuxiliaryUnavailable
from pgbacklog.registry import RetryLater
from pgbacklog.writers.arrow import arrow_type
from pgbacklog.writers.base import Batch, Chunk, Column, Fenced, Form, Job, Receipt, Refused, Writer
from pgbacklog.writers.reading import base_type

CHECKPOINT = "pgbacklog_checkpoint"
_CREATE = "create table if not exists {} (run text, chunk bigint, fence bigint not null, " \
    "receipt text, changed_at timestamptz default now(), primary key (run, chunk))"  # fmt: skip
_CREATING = threading.Lock()  # two threads that create one table would refuse each other
_BUSY = 2  # seconds to wait for another process
_SAME = {
    "boolean", "smallint", "integer", "bigint", "real", "double precision", "date", "uuid",
    "timestamp without time zone", "timestamp with time zone", "time without time zone", "bytea",
}  # fmt: skip


class DuckDB(Writer):
    """Bring chunks to a table of a DuckDB file."""

    form: ClassVar[Form] = "arrow"

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        parts = str(job.option("table")).split(".")
        self.table = ".".join(map(_quoted, parts))
        self.checkpoint = ".".join(map(_quoted, [*parts[:-1], CHECKPOINT]))
        self.insert = self._insert()
        self._own: Any = None

    @property
    def conn(self) -> Any:
        """The connection to the destination; raises RetryLater while another process has it."""
        try:
            if "connection" in self.job.destination:
                return self.job.connection()
            if self._own is None:
                self._own = duckdb.connect(str(self.job.path()))
            return self._own
        except (duckdb.IOException, AuxiliaryUnavailable) as error:
            if "lock" in str(error).lower():
                raise RetryLater(_BUSY, "another process writes to the DuckDB file") from error
            raise

    def open(self) -> None:
        """Create the target if asked to, and the table of checkpoints."""
        with _CREATING:
            conn = self.conn
            _end(conn, "commit")  # a named connection comes with a transaction
            if self.job.option("create", True, False, default=False):
                conn.execute(self._definition())
            conn.execute(_CREATE.format(self.checkpoint))

    def begin(self, chunk: Chunk) -> Receipt | None:
        """Take the chunk's fence in a transaction of its own."""
        conn, key = self.conn, [self.job.run, chunk.chunk_id]
        _end(conn, "rollback")
        conn.begin()
        row = conn.execute(
            f"select fence, receipt from {self.checkpoint} where run = ? and chunk = ?",  # noqa: S608
            key,
        ).fetchone()
        if row is None:
            conn.execute(
                f"insert into {self.checkpoint} (run, chunk, fence) values (?, ?, ?)",  # noqa: S608
                [*key, chunk.fence],
            )
        elif row[1] is None and row[0] <= chunk.fence:
            conn.execute(
                f"update {self.checkpoint} set fence = ? where run = ? and chunk = ?",  # noqa: S608
                [chunk.fence, *key],
            )
        conn.commit()
        if row is not None and row[1] is not None:
            return Receipt.parse(row[1])
        if row is not None and row[0] > chunk.fence:
            raise Fenced(f"chunk {chunk.chunk_id} was claimed again")
        conn.begin()
        return None

    def write(self, batch: Batch) -> int:
        """Write a batch; raises Refused if a row is at fault, after which the chunk is lost."""
        rows, conn = batch.arrow, self.conn
        conn.register("pgbacklog_batch", pa.Table.from_batches([rows]))
        try:
            return int(conn.execute(self.insert).fetchone()[0])
        except (duckdb.ConstraintException, duckdb.DataError) as error:
            raise Refused(str(error), type(error).__name__, intact=False) from error
        finally:
            conn.unregister("pgbacklog_batch")

    def commit(self, chunk: Chunk, receipt: Receipt) -> None:
        """Write the receipt, if the fence still holds, and commit it with the rows."""
        conn = self.conn
        try:
            # Columns conflict one by one in DuckDB: the fence must be written to be held.
            (done,) = conn.execute(
                f"update {self.checkpoint} set fence = fence, receipt = ?, changed_at = now() "  # noqa: S608
                "where run = ? and chunk = ? and fence = ? and receipt is null",
                [receipt.text(), self.job.run, chunk.chunk_id, chunk.fence],
            ).fetchone()
        except duckdb.TransactionException as error:
            raise Fenced(f"chunk {chunk.chunk_id} is claimed by another: {error}") from error
        if done != 1:
            raise Fenced(f"chunk {chunk.chunk_id} was claimed again")
        conn.commit()

    def differing(self, chunk: Chunk, batches: Iterable[Batch]) -> int:
        """Count the rows that are not in the target as they are in the source."""
        conn, count = self.conn, 0
        names = map(_quoted, self.job.names)
        equal = " and ".join(f"t.{x} is not distinct from s.{x}" for x in names)
        for batch in batches:
            conn.register("pgbacklog_batch", pa.Table.from_batches([batch.arrow]))
            (found,) = conn.execute(
                "select count(*) from pgbacklog_batch as s "  # noqa: S608 - quoted
                f"where not exists (select 1 from {self.table} as t where {equal})"
            ).fetchone()
            conn.unregister("pgbacklog_batch")
            count += found
        return count

    def rollback(self) -> None:
        """Undo what was written since begin()."""
        if "connection" in self.job.destination or self._own is not None:
            _end(self.conn, "rollback")

    def close(self) -> None:
        """Close the file, so that other processes may have it."""
        if self._own is not None:
            self._own.close()
            self._own = None

    def _insert(self) -> str:
        columns = ", ".join(map(_quoted, self.job.names))
        text = f"insert into {self.table} ({columns}) select {columns} from pgbacklog_batch"  # noqa: S608
        if self.job.mode == "append":
            return text
        others = [_quoted(x) for x in self.job.names if x not in self.job.key]
        keys = ", ".join(map(_quoted, self.job.key))
        sets = ", ".join(f"{x} = excluded.{x}" for x in others)
        return f"{text} on conflict ({keys}) do {f'update set {sets}' if others else 'nothing'}"

    def _definition(self) -> str:
        columns = [
            f"{_quoted(c.name)} {_type(c)}{' not null' if c.not_null else ''}"
            for c in self.job.columns
        ]
        if self.job.key:
            columns.append(f"primary key ({', '.join(map(_quoted, self.job.key))})")
        return f"create table if not exists {self.table} ({', '.join(columns)})"


def _type(column: Column) -> str:
    name, modifiers = base_type(column)
    found = arrow_type(column)
    if pa.types.is_decimal128(found):
        return f"decimal({found.precision}, {found.scale})"
    if name in _SAME:
        return name
    return name if pa.types.is_list(found) and not modifiers else "text"


def _end(conn: Any, word: str) -> None:
    try:
        getattr(conn, word)()
    except duckdb.TransactionException as error:
        if "no transaction is active" not in str(error):
            raise


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
