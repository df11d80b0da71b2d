"""Write to another PostgreSQL: lines go from COPY to COPY without becoming Python objects.

An upsert copies a batch into a temporary table and merges it from there; rows that are equal
already are left alone. Fence and receipt are a row of the table pgbacklog_checkpoint, which stands
beside the target. Options of the destination: connection (else the listener's own database), table
(schema.table), mode, key, create.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, LiteralString

import psycopg
from psycopg import sql

from pgbacklog.writers.base import Batch, Chunk, Fenced, Form, Job, Receipt, Refused, Writer

CHECKPOINT = "pgbacklog_checkpoint"
# Classes of errors that are about rows: cardinality, data, constraints, check option, limits.
REFUSALS = ("21", "22", "23", "44", "54", "P0001")
_LOCK = "select pg_advisory_xact_lock(hashtext('pgbacklog: create target'))"
_PARTS = "select s.nspname, c.relname from pg_class as c " \
    "join pg_namespace as s on s.oid = c.relnamespace where c.oid = %s::regclass"  # fmt: skip
_CREATE: LiteralString = "create table {} (run text, chunk bigint, fence bigint not null, " \
    "receipt text, changed_at timestamptz not null default now(), primary key (run, chunk))"
_COMMENT: LiteralString = \
    "comment on table {} is 'Which chunks of backfills are here, and who may write them.'"
_FENCE: LiteralString = "insert into {} as c (run, chunk, fence) values (%s, %s, %s) " \
    "on conflict (run, chunk) do update set fence = excluded.fence, changed_at = now() " \
    "where c.receipt is null and c.fence <= excluded.fence returning c.fence"
_RECEIPT: LiteralString = "select receipt from {} where run = %s and chunk = %s"
_COMMIT: LiteralString = "update {} set receipt = %s, changed_at = now() " \
    "where run = %s and chunk = %s and fence = %s and receipt is null"
_TYPES = "select to_regtype(%s) is not null"


class Postgres(Writer):
    """Bring chunks to a table of a PostgreSQL database."""

    form: ClassVar[Form] = "copy"

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self.table = sql.Identifier(*str(job.option("table")).split("."))
        self.columns = sql.SQL(", ").join(map(sql.Identifier, job.names))
        self.name = job.destination.get("connection", "")
        self.checkpoint = sql.Identifier(CHECKPOINT)
        self._staged: psycopg.Connection[Any] | None = None  # where the temporary table is

    @property
    def conn(self) -> psycopg.Connection[Any]:
        """The connection to the destination; it is opened anew after a loss."""
        found = self.job.connection(self.name)
        if not isinstance(found, psycopg.Connection):
            raise ValueError(f"connection {self.name} is not one to PostgreSQL")
        return found

    def open(self) -> None:
        """Create the target if asked to, and the table of checkpoints beside it."""
        conn = self.conn
        with conn.transaction():
            conn.execute(_LOCK)
            if self.job.option("create", True, False, default=False):
                self._create(conn)
            schema, _ = conn.execute(_PARTS, [self.table.as_string(conn)]).fetchall()[0]
            self.checkpoint = sql.Identifier(schema, CHECKPOINT)
            name = self.checkpoint.as_string(conn)
            if conn.execute("select to_regclass(%s)", [name]).fetchall() == [(None,)]:
                conn.execute(sql.SQL(_CREATE).format(self.checkpoint))
                conn.execute(sql.SQL(_COMMENT).format(self.checkpoint))

    def begin(self, chunk: Chunk) -> Receipt | None:
        """Take the chunk's fence in a transaction of its own."""
        conn, run, chunk_id = self.conn, self.job.run, chunk.chunk_id
        with conn.transaction():
            # Not worth a wait for the disk: who might break this fence dies in the crash as well.
            conn.execute("set local synchronous_commit = off")
            fence = sql.SQL(_FENCE).format(self.checkpoint)
            taken = conn.execute(fence, [run, chunk_id, chunk.fence]).fetchall()
            receipt = sql.SQL(_RECEIPT).format(self.checkpoint)
            found = conn.execute(receipt, [run, chunk_id]).fetchall()
        if taken:
            self._prepare(conn)
            # One transaction from here to commit(); batches are savepoints within.
            conn.execute("begin" if conn.autocommit else "select")
            return None
        if not found[0][0]:
            raise Fenced(f"chunk {chunk.chunk_id} was claimed again")
        return Receipt.parse(found[0][0])

    def write(self, batch: Batch) -> int:
        """Copy and merge a batch within a savepoint; raises Refused if a row is at fault."""
        conn = self.conn
        try:
            with conn.transaction():
                if self.job.mode == "append":
                    return self._copy(conn, self.table, batch)
                staging = sql.Identifier("pg_temp", "pgbacklog_staging")
                self._copy(conn, staging, batch)
                written = conn.execute(self._merge()).rowcount
                conn.execute(sql.SQL("truncate {}").format(staging))
                return written
        except psycopg.Error as error:
            if not str(error.sqlstate or "").startswith(REFUSALS):
                raise
            message = error.diag.message_primary or str(error)
            raise Refused(message, error.sqlstate, error.diag.constraint_name) from error

    def commit(self, chunk: Chunk, receipt: Receipt) -> None:
        """Write the receipt, if the fence still holds, and commit it with the rows."""
        conn = self.conn
        values = [receipt.text(), self.job.run, chunk.chunk_id, chunk.fence]
        done = conn.execute(sql.SQL(_COMMIT).format(self.checkpoint), values)
        if done.rowcount != 1:
            raise Fenced(f"chunk {chunk.chunk_id} was claimed again")
        conn.commit()

    def rollback(self) -> None:
        """Undo what was written since begin()."""
        self.conn.rollback()

    def differing(self, chunk: Chunk, batches: Iterable[Batch]) -> int:
        """Count the rows that are not in the target as they are in the source."""
        conn, count = self.conn, 0
        staging = sql.Identifier("pg_temp", "pgbacklog_staging")
        conn.rollback()
        self._prepare(conn, always=True)
        same = sql.SQL("t.{0} = s.{0}")
        equal = sql.SQL("t.{0}::text is not distinct from s.{0}::text")
        conditions = [same.format(sql.Identifier(x)) for x in self.job.key]
        conditions += [equal.format(sql.Identifier(x)) for x in self.job.names]
        query = sql.SQL(
            "select count(*) from {} as s where not exists (select from {} as t where {})"
        ).format(staging, self.table, sql.SQL(" and ").join(conditions))
        for batch in batches:
            self._copy(conn, staging, batch)
            count += conn.execute(query).fetchall()[0][0]
            conn.execute(sql.SQL("truncate {}").format(staging))
        conn.rollback()
        return count

    def _prepare(self, conn: psycopg.Connection[Any], always: bool = False) -> None:
        if (self.job.mode == "append" and not always) or conn is self._staged:
            return
        # The table's own types, without its constraints: rows are judged when they are merged.
        conn.execute("drop table if exists pg_temp.pgbacklog_staging")
        conn.execute(sql.SQL(
            "create temporary table pgbacklog_staging as select {} from {} with no data"
        ).format(self.columns, self.table))  # fmt: skip
        conn.commit()
        self._staged = conn

    def _copy(self, conn: psycopg.Connection[Any], table: sql.Identifier, batch: Batch) -> int:
        cursor = conn.cursor()
        statement = sql.SQL("copy {} ({}) from stdin").format(table, self.columns)
        with cursor.copy(statement) as copy:
            copy.write(b"".join(batch.lines))
        return cursor.rowcount

    def _merge(self) -> sql.Composed:
        keys = sql.SQL(", ").join(map(sql.Identifier, self.job.key))
        others = [c for c in self.job.columns if c.name not in self.job.key]
        head = sql.SQL(
            "insert into {} as t ({}) overriding system value "
            "select {} from pg_temp.pgbacklog_staging on conflict ({}) do "
        ).format(self.table, self.columns, self.columns, keys)
        if not others:
            return head + sql.SQL("nothing")
        sets = [sql.SQL("{0} = excluded.{0}").format(sql.Identifier(c.name)) for c in others]
        # As text: not every type has an equality, and equal may look different (1.0, 1.00).
        differ = sql.SQL("t.{0}::text is distinct from excluded.{0}::text")
        differs = [differ.format(sql.Identifier(c.name)) for c in others]
        return head + sql.SQL("update set {} where {}").format(
            sql.SQL(", ").join(sets), sql.SQL(" or ").join(differs)
        )

    def _create(self, conn: psycopg.Connection[Any]) -> None:
        columns = []
        for column in self.job.columns:
            # Types that are only known at the source (enums, domains, extensions) become text.
            known = conn.execute(_TYPES, [column.type]).fetchall()[0][0]
            kind = sql.SQL(column.type if known else "text")
            end = sql.SQL(" not null" if column.not_null else "")
            columns.append(sql.SQL("{} {}{}").format(sql.Identifier(column.name), kind, end))
        if self.job.key:
            keys = sql.SQL(", ").join(map(sql.Identifier, self.job.key))
            columns.append(sql.SQL("primary key ({})").format(keys))
        statement = sql.SQL("create table if not exists {} ({})")
        conn.execute(statement.format(self.table, sql.SQL(", ").join(columns)))
