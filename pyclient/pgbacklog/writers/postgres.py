"""Write to another PostgreSQL: lines go from COPY to COPY without becoming Python objects.

An upsert copies a batch into a temporary table and merges it from there; rows that are equal
already are left alone. Fence and receipt are a row of the table pgbacklog_checkpoint, which stands
beside the target. Options of the destination: connection (else the listener's own database), table
(schema.table), mode, key, create.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, LiteralString

import psycopg
from psycopg import sql

from pgbacklog.writers.base import Batch, Chunk, Fenced, Form, Job, Receipt, Refused
from pgbacklog.writers.comparing import HOLE, KEY, Kind, Tables

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
_KINDS = "select a.atttypid::regtype::text, case a.atttypid when 1700 " \
    "then case when a.atttypmod >= 4 then ((a.atttypmod - 4) & 2047 # 1024) - 1024 end " \
    "else nullif(a.atttypmod, -1) end from unnest(%s::text[]) with ordinality as n (name, place) " \
    "join pg_attribute as a on a.attrelid = %s::regclass and a.attname = n.name order by n.place"
_ORDERED = {
    "smallint": "number", "integer": "number", "bigint": "number", "numeric": "number",
    "date": "date", "timestamp without time zone": "time", "timestamp with time zone": "zoned",
    "uuid": "uuid",
}  # fmt: skip


class Postgres(Tables):
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
        with self._attempt() as conn:
            if self.job.mode == "append":
                return self._copy(conn, self.table, batch, self.columns)
            staging = sql.Identifier("pg_temp", "pgbacklog_staging")
            self._copy(conn, staging, batch, self.columns)
            written = conn.execute(self._merge()).rowcount
            conn.execute(sql.SQL("truncate {}").format(staging))
        return written

    def delete(self, batch: Batch) -> int:
        """Delete rows by key within a savepoint; raises Refused if one must stay."""
        keys = sql.SQL(", ").join(map(sql.Identifier, self.job.key))
        gone = sql.Identifier("pg_temp", "pgbacklog_gone")
        same = [sql.SQL("t.{0} = g.{0}").format(sql.Identifier(x)) for x in self.job.key]
        with self._attempt() as conn:
            conn.execute(sql.SQL(
                "create temporary table pgbacklog_gone as select {} from {} with no data"
            ).format(keys, self.table))  # fmt: skip
            self._copy(conn, gone, batch, keys)
            statement = sql.SQL("delete from {} as t using {} as g where {}")
            done = conn.execute(statement.format(self.table, gone, sql.SQL(" and ").join(same)))
            conn.execute(sql.SQL("drop table {}").format(gone))
        return done.rowcount

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

    @contextmanager
    def _comparing(self) -> Iterator[None]:
        conn = self.conn
        conn.rollback()
        conn.execute("begin" if conn.autocommit else "select")
        create = sql.SQL(
            "create temporary table {} as select {}, null::text as {} from {} with no data"
        )
        staged, key = sql.Identifier(self.staged), sql.Identifier(KEY)
        conn.execute(create.format(staged, self.columns, key, self.table))
        yield
        conn.rollback()

    def _stage(self, batch: Batch) -> None:
        columns = sql.SQL("{}, {}").format(self.columns, sql.Identifier(KEY))
        with self._attempt() as conn:
            self._copy(conn, sql.Identifier("pg_temp", self.staged), batch, columns)

    def _ask(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        text = statement.replace("%", "%%").replace(HOLE, "%s") if values else statement
        found = self.conn.execute(text.encode(), values or None)
        return found.fetchall() if found.description else []

    def _analyze(self, table: str) -> None:
        self._ask(f"analyze {table}")

    def _target(self) -> str:
        return self.table.as_string(self.conn)

    def _quoted(self, name: str) -> str:
        return sql.Identifier(name).as_string(self.conn)

    def _hash(self, alias: str) -> str:
        row = ", ".join(f"{alias}.{self._quoted(x)}" for x in self.job.names)
        return f"hashtextextended(row({row})::text, 0)"

    def _kinds(self, names: Sequence[str]) -> list[Kind | None]:
        found = self.conn.execute(_KINDS, [list(names), self._target()]).fetchall()
        return [(_ORDERED[name], digits) if name in _ORDERED else None for name, digits in found]

    @contextmanager
    def _attempt(self) -> Iterator[psycopg.Connection[Any]]:
        """Do something within a savepoint; what is the fault of rows is raised as Refused."""
        conn = self.conn
        try:
            with conn.transaction():
                yield conn
        except psycopg.Error as error:
            if not str(error.sqlstate or "").startswith(REFUSALS):
                raise
            message = error.diag.message_primary or str(error)
            raise Refused(message, error.sqlstate, error.diag.constraint_name) from error

    def _prepare(self, conn: psycopg.Connection[Any]) -> None:
        if self.job.mode == "append" or conn is self._staged:
            return
        # The table's own types, without its constraints: rows are judged when they are merged.
        conn.execute("drop table if exists pg_temp.pgbacklog_staging")
        conn.execute(sql.SQL(
            "create temporary table pgbacklog_staging as select {} from {} with no data"
        ).format(self.columns, self.table))  # fmt: skip
        conn.commit()
        self._staged = conn

    def _copy(
        self, conn: psycopg.Connection[Any], table: sql.Identifier, batch: Batch,
        columns: sql.Composable,
    ) -> int:  # fmt: skip
        cursor = conn.cursor()
        statement = sql.SQL("copy {} ({}) from stdin").format(table, columns)
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
