"""Write to a DuckDB file.

One process at a time can write to a file; its threads share it. A worker that finds it taken by
another process looks again a little later. Fence and receipt are a row of the table
pgbacklog_checkpoint beside the target. Options of the destination: connection or path, table
([schema.]table), mode, key, create.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import duckdb
import pyarrow as pa

from pgbacklog.errors import AuxiliaryUnavailable
from pgbacklog.registry import RetryLater
from pgbacklog.writers.arrow import arrow_type
from pgbacklog.writers.base import Batch, Chunk, Column, Fenced, Form, Job, Receipt, Refused
from pgbacklog.writers.comparing import HOLE, KEY, Kind, Tables
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


_ORDERED = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"), ("number", 0)),
    "DATE": ("date", 0), "TIMESTAMP": ("time", 6), "TIMESTAMP WITH TIME ZONE": ("zoned", 6),
    "UUID": ("uuid", 0),
}  # fmt: skip


class DuckDB(Tables):
    """Bring chunks to a table of a DuckDB file."""

    form: ClassVar[Form] = "arrow"

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        parts = str(job.option("table")).split(".")
        self.table = ".".join(map(_quoted, parts))
        self.checkpoint = ".".join(map(_quoted, [*parts[:-1], CHECKPOINT]))
        self.insert = ""
        self._bent = ""
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
            conn.execute("set timezone = 'UTC'")  # where times get or lose a zone
            self.insert, self._bent = self._insert(), self._judgement()

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
        return self._send(self.insert, batch, self._bent)

    def delete(self, batch: Batch) -> int:
        """Delete rows by key; raises Refused if one must stay, after which the chunk is lost."""
        same = " and ".join(f"t.{_quoted(x)} = g.{_quoted(x)}" for x in self.job.key)
        return self._send(
            f"delete from {self.table} as t "  # noqa: S608 - quoted
            f"where exists (select 1 from pgbacklog_batch as g where {same})", batch
        )  # fmt: skip

    def _send(self, statement: str, batch: Batch, bent: str = "") -> int:
        rows, conn = pa.Table.from_batches([batch.arrow]), self.conn
        for place, field in enumerate(rows.schema):
            if pa.types.is_decimal256(field.type):  # more digits than DuckDB has
                text = rows.column(place).cast(pa.string())
                rows = rows.set_column(place, field.name, text)
        conn.register("pgbacklog_batch", rows)
        try:
            found = conn.execute(bent).fetchone() if bent else None
            if found is not None:
                raise Refused(f"column {found[0]} of the target cannot keep a value", "22000")
            return int(conn.execute(statement).fetchone()[0])
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

    @contextmanager
    def _comparing(self) -> Iterator[None]:
        conn = self.conn
        _end(conn, "rollback")  # statement by statement, so that a row at fault leaves the others
        names = ", ".join(map(_quoted, self.job.names))
        tables = [f"{self.staged}{x}" for x in ("", "_s", "_t")]
        for table in tables:
            conn.execute(f"drop table if exists temp.{table}")
        conn.execute(
            f"create temporary table {self.staged} as select {names}, ''::text as {_quoted(KEY)} "  # noqa: S608
            f"from {self.table} limit 0"
        )
        yield
        for table in tables:
            conn.execute(f"drop table if exists temp.{table}")

    def _stage(self, batch: Batch) -> None:
        names = ", ".join(map(_quoted, [*self.job.names, KEY]))
        insert = f"insert into {self.staged} ({names}) select {names} from pgbacklog_batch"  # noqa: S608
        self._send(insert, batch)

    def _ask(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return list(self.conn.execute(statement.replace(HOLE, "?"), list(values)).fetchall())

    def _target(self) -> str:
        return self.table

    def _quoted(self, name: str) -> str:
        return _quoted(name)

    def _hash(self, alias: str) -> str:
        return f"hash({', '.join(f'{alias}.{_quoted(x)}' for x in self.job.names)})"

    def _shown(self, column: str, kind: Kind | None) -> str:
        # Times with a zone need a package of their own to become Python's.
        return f"make_timestamp(epoch_us({column}))" if kind and kind[0] == "zoned" else column

    def _kinds(self, names: Sequence[str]) -> list[Kind | None]:
        types = self._types()
        # No column tells its collation, but the definition of its table does.
        asked = "select current_setting('default_collation') = '' and not exists (select 1 from " \
            "duckdb_tables() where table_name = ? and sql ilike '% collate %')"  # fmt: skip
        ((bytewise,),) = self._ask(asked, [str(self.job.option("table")).rsplit(".", 1)[-1]])
        return [
            ("bytes", None) if bytewise and types[name] == "VARCHAR" else _kind(types[name])
            for name in names
        ]

    def _types(self) -> dict[str, str]:
        names = ", ".join(map(_quoted, self.job.names))
        found = self._ask(f"describe select {names} from {self.table}")  # noqa: S608 - quoted
        return dict(zip(self.job.names, (row[1] for row in found), strict=True))

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
        # Cast here: a conflict is looked for with the values as they come.
        types = self._types()
        cast = ", ".join(f"{_quoted(x)}::{types[x]}" for x in self.job.names)
        text = f"insert into {self.table} ({columns}) select {cast} from pgbacklog_batch"  # noqa: S608
        if self.job.mode == "append":
            return text
        others = [_quoted(x) for x in self.job.names if x not in self.job.key]
        keys = ", ".join(map(_quoted, self.job.key))
        sets = ", ".join(f"{x} = excluded.{x}" for x in others)
        return f"{text} on conflict ({keys}) do {f'update set {sets}' if others else 'nothing'}"

    def _judgement(self) -> str:
        """Write a query for a column of a batch with a value that the target would bend."""
        there, own = self._types(), [f"null::{_type(x)}" for x in self.job.columns]
        natural = [row[1] for row in self._ask(f"describe select {', '.join(own)}")]
        bent = []
        for column, kind in zip(self.job.columns, natural, strict=True):
            name, wanted = _quoted(column.name), there[column.name]
            if wanted in (kind, "VARCHAR"):
                continue
            before, after = name, f"{name}::{wanted}::{kind}"
            if kind == "VARCHAR" and base_type(column)[0] == "numeric":
                before, after = map(_number, (before, after))
            literal = "'" + column.name.replace("'", "''") + "'"
            bent.append(f"when {after} is distinct from {before} then {literal}")
        if not bent:
            return ""
        case = f"case {' '.join(bent)} end"
        return f"select {case} from pgbacklog_batch where {case} is not null limit 1"  # noqa: S608

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


def _number(text: str) -> str:
    """Write the text of a number so that equal ones are equal: 1.50 as 1.5, .5 as 0.5."""
    bare = f"regexp_replace({text}, '^(-?)[.]', '\\10.')"
    return f"case when contains({bare}, '.') then rtrim(rtrim({bare}, '0'), '.') else {bare} end"


def _kind(name: str) -> Kind | None:
    number = re.fullmatch(r"DECIMAL\(\d+,(\d+)\)", name)
    return ("number", int(number[1])) if number else _ORDERED.get(name)


def _end(conn: Any, word: str) -> None:
    try:
        getattr(conn, word)()
    except duckdb.TransactionException as error:
        if "no transaction is active" not in str(error):
            raise


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
