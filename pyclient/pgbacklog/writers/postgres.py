"""Write to another PostgreSQL: lines go from COPY to COPY without becoming Python objects.

An upsert copies a batch into a temporary table and merges it from there; rows that are equal
already are left alone. A value that the target's type would round or cut off goes there in its own
type, and is refused unless it comes back as it was. Fence and receipt are a row of the table
pgbacklog_checkpoint, which stands beside the target. Options of the destination: connection (else
the listener's own database), table (schema.table), mode, key, create.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, LiteralString

import psycopg
from psycopg import sql

from pgbacklog.writers.base import Batch, Chunk, Fenced, Form, Job, Receipt, Refused
from pgbacklog.writers.comparing import HOLE, KEY, Kind, Tables, holds
from pgbacklog.writers.reading import SHAPE, base_type, settings_sql

CHECKPOINT = "pgbacklog_checkpoint"
# Classes of errors that are about rows: cardinality, data, constraints, check option, limits, and
# what cannot be converted.
REFUSALS = ("0A000", "21", "22", "23", "44", "54", "P0001")
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
# Of each column its type, and what equal values of it are: alike, or of one row, or of two.
_TARGET = """select a.attname, format_type(a.atttypid, a.atttypmod), case
    when not c.collisdeterministic or t.typname = 'citext' then 'two'
    when t.typname = any (array['int2', 'int4', 'int8', 'uuid', 'text', 'varchar', 'bytea', 'date',
      'timestamp', 'timestamptz', 'bool', 'oid']) then 'alike' else 'one' end
  from pg_attribute as a join pg_type as t on t.oid = a.atttypid
  left join pg_collation as c on c.oid = a.attcollation
  where a.attrelid = %s::regclass and a.attnum > 0 and not a.attisdropped"""
# Compared by their own equality when they come back, since 1.5 is 1.50; others as text.
_NUMBERS = ("numeric", "real", "double precision", "character", "bpchar")
# Read like the values are written, whatever the destination is set to.
# The last because the source may take its time to find the first row.
_SETTINGS = {
    **SHAPE, "array_nulls": "on", "xmloption": "content",
    "idle_in_transaction_session_timeout": "0",
}  # fmt: skip
_KINDS = "select case when a.atttypid in (25, 1043) and getdatabaseencoding() = 'UTF8' and case " \
    "when c.collprovider <> 'd' then c.collprovider = 'b' or c.collcollate in ('C', 'POSIX') " \
    "else to_jsonb(d) ->> 'datlocprovider' = 'b' or d.datcollate in ('C', 'POSIX') " \
    "and coalesce(to_jsonb(d) ->> 'datlocprovider', 'c') = 'c' end " \
    "then 'bytes' else a.atttypid::regtype::text end, case a.atttypid when 1700 " \
    "then case when a.atttypmod >= 4 then ((a.atttypmod - 4) & 2047 # 1024) - 1024 end " \
    "else nullif(a.atttypmod, -1) end from unnest(%s::text[]) with ordinality as n (name, place) " \
    "join pg_attribute as a on a.attrelid = %s::regclass and a.attname = n.name " \
    "left join pg_collation as c on c.oid = a.attcollation " \
    "join pg_database as d on d.datname = current_database() order by n.place"
_ORDERED = {
    "bytes": "bytes",
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
        self._types: dict[str, str] = {}  # of the target's columns
        self._equal: dict[str, str] = {}
        self._judged: dict[str, sql.SQL] = {}  # own types of columns that the target may bend

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
            self._look(conn)

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
            _start(conn)
            return None
        if not found[0][0]:
            raise Fenced(f"chunk {chunk.chunk_id} was claimed again")
        return Receipt.parse(found[0][0])

    def write(self, batch: Batch) -> int:
        """Copy and merge a batch within a savepoint; raises Refused if a row is at fault."""
        with self._attempt() as conn:
            if not self._stages:
                return self._copy(conn, self.table, batch, self.columns)
            staging = sql.Identifier("pg_temp", "pgbacklog_staging")
            self._copy(conn, staging, batch, self.columns)
            self._insist(conn)
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
        _start(conn)
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

    @property
    def _stages(self) -> bool:
        """Whether rows go into a temporary table first."""
        return self.job.mode != "append" or bool(self._judged)

    def _look(self, conn: psycopg.Connection[Any]) -> None:
        """Find out which types the target has, and which of them may bend values."""
        found = conn.execute(_TARGET, [self.table.as_string(conn)]).fetchall()
        self._types = {name: there for name, there, _ in found}
        self._equal = {name: equal for name, _, equal in found}
        for column in self.job.columns:
            there = self._types.get(column.name)
            if there is None or holds(column, there):
                continue
            # Of a type that only the source knows there is just the text.
            if conn.execute(_TYPES, [column.type]).fetchall()[0][0]:
                self._judged[column.name] = sql.SQL(column.type)

    def _insist(self, conn: psycopg.Connection[Any]) -> None:
        """Refuse staged values that the target would bend, and keys that it only finds equal."""
        for column in self.job.columns:
            if column.name in self._judged:
                name, there = sql.Identifier(column.name), sql.SQL(self._types[column.name])
                kept = sql.SQL("(s.{}::{})::{}").format(name, there, self._judged[column.name])
                pair = [kept, sql.SQL("s.{}").format(name)]
                if base_type(column)[0] not in _NUMBERS:
                    pair = [sql.SQL("({})::text").format(x) for x in pair]
                bent = sql.SQL(
                    "select s.{}::text from pg_temp.pgbacklog_staging as s where {} limit 1"
                ).format(name, sql.SQL(" is distinct from ").join(pair))
                for (value,) in conn.execute(bent).fetchall():
                    raise Refused(
                        f"column {column.name} of type {self._types[column.name]} "
                        f"cannot keep {value[:100]!r}", "22000",
                    )  # fmt: skip
        if self.job.mode != "append" and any(self._equal.get(x) == "two" for x in self.job.key):
            keys = [sql.Identifier(x) for x in self.job.key]
            same = [sql.SQL("t.{0} = s.{0}").format(x) for x in keys]
            alike = [sql.SQL('t.{0}::text collate "C" = s.{0}::text').format(x) for x in keys]
            other = sql.SQL(
                "select from pg_temp.pgbacklog_staging as s join {} as t on {} "
                "where not ({}) limit 1"
            ).format(self.table, sql.SQL(" and ").join(same), sql.SQL(" and ").join(alike))
            if conn.execute(other).fetchall():
                raise Refused("another row of the destination has a key equal to it", "23505")

    def _prepare(self, conn: psycopg.Connection[Any]) -> None:
        if not self._stages or conn is self._staged:
            return
        # The table's own types, without its constraints: rows are judged when they are merged.
        conn.execute("drop table if exists pg_temp.pgbacklog_staging")
        shown = [
            sql.SQL("null::{} as {}").format(self._judged[x], sql.Identifier(x))
            if x in self._judged else sql.Identifier(x) for x in self.job.names
        ]  # fmt: skip
        conn.execute(sql.SQL(
            "create temporary table pgbacklog_staging as select {} from {} with no data"
        ).format(sql.SQL(", ").join(shown), self.table))  # fmt: skip
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
        shown = [
            sql.SQL("{}::{}").format(sql.Identifier(x), sql.SQL(self._types[x]))
            if x in self._judged else sql.Identifier(x) for x in self.job.names
        ]  # fmt: skip
        head = sql.SQL(
            "insert into {} as t ({}) overriding system value "
            "select {} from pg_temp.pgbacklog_staging"
        ).format(self.table, self.columns, sql.SQL(", ").join(shown))
        if self.job.mode == "append":
            return head
        head += sql.SQL(" on conflict ({}) do ").format(keys)
        # A key as well, if it may be equal and yet look different.
        others = [
            x for x in self.job.names
            if x not in self.job.key or self._equal.get(x) == "one"
        ]  # fmt: skip
        if not others:
            return head + sql.SQL("nothing")
        sets = [sql.SQL("{0} = excluded.{0}").format(sql.Identifier(x)) for x in others]
        # As text: not every type has an equality, and equal may look different (1.0, 1.00).
        differ = sql.SQL('t.{0}::text collate "C" is distinct from excluded.{0}::text collate "C"')
        differs = [differ.format(sql.Identifier(x)) for x in others]
        return head + sql.SQL("update set {} where {}").format(
            sql.SQL(", ").join(sets), sql.SQL(" or ").join(differs)
        )

    def _create(self, conn: psycopg.Connection[Any]) -> None:
        columns = []
        for column in self.job.columns:
            # Types that are only known at the source (enums, domains, extensions) become text.
            known = conn.execute(_TYPES, [column.type]).fetchall()[0][0]
            kind = sql.SQL(column.type if known else "text")
            end: sql.Composable = sql.SQL(" not null" if column.not_null else "")
            if known and column.bytewise:
                end = sql.SQL(' collate "C"') + end
            columns.append(sql.SQL("{} {}{}").format(sql.Identifier(column.name), kind, end))
        if self.job.key:
            keys = sql.SQL(", ").join(map(sql.Identifier, self.job.key))
            columns.append(sql.SQL("primary key ({})").format(keys))
        statement = sql.SQL("create table if not exists {} ({})")
        conn.execute(statement.format(self.table, sql.SQL(", ").join(columns)))


def _start(conn: psycopg.Connection[Any]) -> None:
    """Begin a transaction in which values are read as they were written."""
    if conn.autocommit:
        conn.execute("begin")
    conn.execute(settings_sql(_SETTINGS, {}).encode())
