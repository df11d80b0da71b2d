"""Write to Snowflake.

Batches go into a temporary table and are merged from there. Fence and receipt are a row of the
table pgbacklog_checkpoint in the schema of the target, committed together with the rows. Names are
written as they are, so "orders" is not ORDERS: rename with p_mapping, or let the target be created.
JSON and what else Snowflake has no type for arrive as text, arrays as JSON; a number or time that a
column would round is refused. Options of the destination: connection, table ([schema.]table), mode,
key, create.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, ClassVar

from snowflake.connector import errors
from snowflake.connector.constants import FIELD_ID_TO_NAME

from pgbacklog.writers.base import Batch, Chunk, Column, Fenced, Form, Job, Receipt, Refused
from pgbacklog.writers.comparing import HOLE, KEY, Kind, Tables, places
from pgbacklog.writers.reading import base_type

CHECKPOINT = "pgbacklog_checkpoint"
_STATEMENT = 700_000  # characters of one INSERT; Snowflake takes a million
_DATA = ("22", "23")  # SQLSTATEs about values
# Numeric value, timestamp, boolean or date not recognized; too long; null in a NOT NULL column.
_REFUSALS = {100035, 100037, 100038, 100039, 100040, 100046, 100047, 100048, 100051, 100069, 100072,
             100078, 100096, 100097}  # fmt: skip
_TYPES = {
    "boolean": "boolean", "smallint": "number(5,0)", "integer": "number(10,0)",
    "bigint": "number(19,0)", "real": "float", "double precision": "float", "date": "date",
    "time without time zone": "time(6)", "timestamp without time zone": "timestamp_ntz(6)",
    "timestamp with time zone": "timestamp_tz(6)", "bytea": "binary",
}  # fmt: skip


_ORDERED = {"FIXED": "number", "DATE": "date", "TIMESTAMP_NTZ": "time", "TIMESTAMP_TZ": "zoned"}


class Snowflake(Tables):
    """Bring chunks to a table of Snowflake."""

    form: ClassVar[Form] = "exact"

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        parts = str(job.option("table")).split(".")
        self.table = ".".join(map(_quoted, parts))
        self.checkpoint = ".".join(map(_quoted, [*parts[:-1], CHECKPOINT]))
        self.staging = ".".join(map(_quoted, [*parts[:-1], f"pgbacklog_{job.run}"]))
        self._staged: Any = None
        self._places: list[tuple[str, int]] = []  # types of the target's columns, and their digits

    @property
    def conn(self) -> Any:
        """The connection to the destination; it is opened anew after a loss."""
        return self.job.connection()

    def open(self) -> None:
        """Create the target if asked to, and the table of checkpoints."""
        with self.conn.cursor() as cursor:
            if self.job.option("create", True, False, default=False):
                cursor.execute(self._definition())
            cursor.execute(
                f"create table if not exists {self.checkpoint} (run varchar, chunk number(19,0), "
                "fence number(19,0), receipt varchar)"
            )
        self._places = self._types(self.job.names)
        self.conn.commit()

    def begin(self, chunk: Chunk) -> Receipt | None:
        """Take the chunk's fence in a transaction of its own."""
        conn, key = self.conn, [self.job.run, chunk.chunk_id]
        with conn.cursor() as cursor:
            if self.job.mode != "append" and conn is not self._staged:
                cursor.execute(
                    f"create or replace temporary table {self.staging} like {self.table}"
                )
                self._staged = conn
            cursor.execute(
                f"merge into {self.checkpoint} as c "  # noqa: S608 - quoted
                "using (select %s as run, %s as chunk, %s as fence) as s "
                "on c.run = s.run and c.chunk = s.chunk "
                "when matched and c.receipt is null and c.fence < s.fence "
                "then update set fence = s.fence "
                "when not matched then insert (run, chunk, fence) values (s.run, s.chunk, s.fence)",
                [*key, chunk.fence],
            )
            cursor.execute(
                f"select fence, receipt from {self.checkpoint} "  # noqa: S608 - quoted
                "where run = %s and chunk = %s order by fence desc",
                key,
            )
            fence, receipt = cursor.fetchall()[0]
        conn.commit()
        if receipt is not None:
            return Receipt.parse(receipt)
        if fence > chunk.fence:
            raise Fenced(f"chunk {chunk.chunk_id} was claimed again")
        return None

    def write(self, batch: Batch) -> int | None:
        """Write and merge a batch; raises Refused if a row is at fault: then the chunk is lost."""
        target = self.table if self.job.mode == "append" else self.staging
        with self._attempt() as cursor:
            self._insert(cursor, target, self.job.names, batch)
            if self.job.mode == "append":
                return None
            cursor.execute(self._merge())
            written = cursor.rowcount
            cursor.execute(f"delete from {self.staging}")  # noqa: S608 - quoted
        return None if written is None or written < 0 else int(written)

    def delete(self, batch: Batch) -> int:
        """Delete rows by key; raises Refused if a value is at fault: then the chunk is lost."""
        same = " and ".join(f"{_quoted(x)} = %s" for x in self.job.key)
        count = 0
        with self._attempt() as cursor:
            for row in batch.rows:
                cursor.execute(f"delete from {self.table} where {same}", tuple(map(_value, row)))  # noqa: S608
                count += max(cursor.rowcount or 0, 0)
        return count

    def commit(self, chunk: Chunk, receipt: Receipt) -> None:
        """Write the receipt, if the fence still holds, and commit it with the rows."""
        conn = self.conn
        with conn.cursor() as cursor:
            cursor.execute(
                f"update {self.checkpoint} set receipt = %s where run = %s and chunk = %s "  # noqa: S608
                "and fence = %s and receipt is null",
                [receipt.text(), self.job.run, chunk.chunk_id, chunk.fence],
            )
            if cursor.rowcount != 1:
                raise Fenced(f"chunk {chunk.chunk_id} was claimed again")
        conn.commit()

    def rollback(self) -> None:
        """Undo what was written since begin()."""
        self.conn.rollback()

    @contextmanager
    def _comparing(self) -> Iterator[None]:
        names = ", ".join(map(_quoted, self.job.names))
        # Statement by statement: to create a table ends a transaction anyway.
        self._drop_compared()
        self._ask(
            f"create temporary table {self._temporary(self.staged)} as select {names}, "  # noqa: S608
            f"cast(null as varchar) as {_quoted(KEY)} from {self.table} where 1 = 0"
        )
        yield
        self._drop_compared()
        self.conn.commit()

    def _drop_compared(self) -> None:
        for end in ("", "_s", "_t"):
            self._ask(f"drop table if exists {self._temporary(self.staged + end)}")

    def _stage(self, batch: Batch) -> None:
        with self._attempt() as cursor:
            names = [*self.job.names, KEY]
            self._insert(cursor, self._temporary(self.staged), names, batch)

    def _temporary(self, name: str) -> str:
        return self.staging[:-1] + name.removeprefix("pgbacklog") + '"'

    def _ask(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        if values:
            statement = statement.replace("%", "%%").replace(HOLE, "%s")
        with self.conn.cursor() as cursor:
            cursor.execute(statement, tuple(map(_value, values)) or None)
            return [tuple(row) for row in cursor.fetchall()]

    def _target(self) -> str:
        return self.table

    def _quoted(self, name: str) -> str:
        return _quoted(name)

    def _hash(self, alias: str) -> str:
        # 40 bits of it: emulators sum up with floating point, which is exact for small numbers.
        values = ", ".join(f"{alias}.{_quoted(x)}" for x in self.job.names)
        return f"mod(hash({values}), {1 << 40})"

    def _kinds(self, names: Sequence[str]) -> list[Kind | None]:
        return [
            (_ORDERED[name], scale) if name in _ORDERED else None
            for name, scale in self._types(names)
        ]

    def _types(self, names: Sequence[str]) -> list[tuple[str, int]]:
        """Return the names of columns' types, and their digits behind the point."""
        with self.conn.cursor() as cursor:
            cursor.execute(f"select {', '.join(map(_quoted, names))} from {self.table} limit 0")  # noqa: S608
            return [(FIELD_ID_TO_NAME[x[1]], x[5] or 0) for x in cursor.description]

    @contextmanager
    def _attempt(self) -> Iterator[Any]:
        """Do something; what is the fault of rows is raised as Refused."""
        try:
            with self.conn.cursor() as cursor:
                yield cursor
        except errors.Error as error:
            state = str(error.sqlstate or "")
            if error.errno not in _REFUSALS and not state.startswith(_DATA):
                raise
            raise Refused(str(error.msg), state or str(error.errno), intact=False) from error

    def _insert(self, cursor: Any, table: str, columns: Sequence[str], batch: Batch) -> None:
        names, holes = ", ".join(map(_quoted, columns)), ", ".join(["%s"] * len(columns))
        kinds = [*self._places, ("TEXT", 0)]  # of a key's text, if it comes
        rows = [tuple(map(_fitted, row, kinds)) for row in batch.rows]
        for part in _parts(rows):
            cursor.executemany(f"insert into {table} ({names}) values ({holes})", part)  # noqa: S608

    def close(self) -> None:
        """Drop the temporary table, which otherwise lives as long as the session."""
        if self._staged is not None:
            staged, self._staged = self._staged, None
            with staged.cursor() as cursor:
                cursor.execute(f"drop table if exists {self.staging}")
            staged.commit()

    def _merge(self) -> str:
        keys = " and ".join(f"t.{_quoted(x)} = s.{_quoted(x)}" for x in self.job.key)
        others = [_quoted(x) for x in self.job.names if x not in self.job.key]
        names = list(map(_quoted, self.job.names))
        differ = " or ".join(f"t.{x} is distinct from s.{x}" for x in others)
        sets = ", ".join(f"{x} = s.{x}" for x in others)
        update = f"when matched and ({differ}) then update set {sets} " if others else ""
        return (
            f"merge into {self.table} as t using {self.staging} as s on {keys} {update}"  # noqa: S608
            f"when not matched then insert ({', '.join(names)}) "
            f"values ({', '.join(f's.{x}' for x in names)})"
        )

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
    if name == "numeric" and modifiers:
        precision, scale = (*modifiers, 0)[:2]
        if 0 <= scale <= precision <= 38:
            return f"number({precision},{scale})"
    return _TYPES.get(name, "varchar")


def _fitted(value: Any, kind: tuple[str, int]) -> Any:
    """Return a value as a column of this type keeps it; raises Refused if it would be altered."""
    name, digits = kind
    if isinstance(value, Decimal | float) and not Decimal(value).is_finite():
        raise Refused(f"Snowflake has no place for {value}", "22003")
    kept = True
    if isinstance(value, Decimal | float) and name == "FIXED":
        kept = places(Decimal(str(value))) <= digits
    elif isinstance(value, Decimal | int) and name == "REAL":
        kept = Decimal(str(float(value))) == value
    elif isinstance(value, datetime) and name == "DATE":
        kept = value.time() == time()
    elif isinstance(value, datetime | time) and digits < 6:
        kept = name == "TEXT" or value.microsecond % 10 ** (6 - digits) == 0
    if not kept:
        raise Refused(f"a column of type {name} cannot keep {value}", "22003")
    # A number without end would become a float on its way to a text.
    return str(value) if isinstance(value, Decimal) and name == "TEXT" else _value(value)


def _value(value: Any) -> Any:
    """Return a value as the connector can write it."""
    known = isinstance(value, int | str | float | bytes | Decimal | date | type(None))
    return value if known or hasattr(value, "isoformat") else str(value)


def _parts(rows: list[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    """Cut rows so that each INSERT stays within what Snowflake takes."""
    part: list[tuple[Any, ...]] = []
    size = 0
    for row in rows:
        size += sum(2 * len(x) + 6 if isinstance(x, str | bytes) else 30 for x in row)
        if part and size > _STATEMENT:
            yield part
            part, size = [], 0
        part.append(row)
    if part:
        yield part


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
