"""Write to MySQL and MariaDB.

Fence and receipt are a row of the table pgbacklog_checkpoint in the database of the connection,
committed together with the rows; target and this table must be of a transactional engine. Options
of the destination: connection, table ([database.]table), mode, key, create. Rows of an upsert that
are in the target already, as they are, do not count as written.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

import pymysql
import pymysql.cursors
from pymysql.constants import FIELD_TYPE
from pymysql.err import DataError, IntegrityError, MySQLError

from pgbacklog.writers.base import Batch, Chunk, Column, Fenced, Form, Job, Receipt, Refused
from pgbacklog.writers.comparing import HOLE, KEY, Kind, Tables
from pgbacklog.writers.reading import base_type

CHECKPOINT = "pgbacklog_checkpoint"
_CREATE = """create table if not exists {} (run varchar(100) character set ascii not null,
  chunk bigint not null, fence bigint not null, receipt longtext,
  changed_at timestamp not null default current_timestamp on update current_timestamp,
  primary key (run, chunk)) engine=InnoDB
  comment='Which chunks of backfills are here, and who may write them.'"""
# What PyMySQL does not file under its classes of errors about data: wrong value, JSON, check.
_REFUSALS = {1264, 1265, 1292, 1364, 1366, 1367, 1406, 1690, 3140, 3819, 4025}
_TYPES = {
    "boolean": "boolean", "smallint": "smallint", "integer": "int", "bigint": "bigint",
    "real": "float", "double precision": "double", "date": "date",
    "time without time zone": "time(6)", "timestamp without time zone": "datetime(6)",
    "timestamp with time zone": "datetime(6)", "uuid": "char(36) character set ascii",
    "json": "json", "jsonb": "json", "bytea": "longblob",
}  # fmt: skip
_FLOAT = {FIELD_TYPE.FLOAT, FIELD_TYPE.DOUBLE}
_ORDERED = {
    **dict.fromkeys((FIELD_TYPE.TINY, FIELD_TYPE.SHORT, FIELD_TYPE.INT24, FIELD_TYPE.LONG,
                     FIELD_TYPE.LONGLONG, FIELD_TYPE.NEWDECIMAL), "number"),
    FIELD_TYPE.DATE: "date", FIELD_TYPE.DATETIME: "utc", FIELD_TYPE.TIMESTAMP: "utc",
}  # fmt: skip
_PLAIN = (int, str, Decimal, bytes, type(None))


class Upserts(pymysql.cursors.Cursor):
    """Count the rows that are inserted or changed.

    To MySQL a new row is one affected row, a changed one two, an equal one none. How many were
    changed is the second number that it says about a statement of several rows: "Records: 9
    Duplicates: 2  Warnings: 0", in whatever language.
    """

    written = 0

    def execute(self, query: Any, args: Any = None) -> int:
        """Run one statement."""
        affected = super().execute(query, args)
        answer = vars(self)["_result"]  # PyMySQL shows what the server says nowhere else
        told = re.findall(rb": *(\d+)", answer.message or b"")
        self.written += affected - int(told[1]) if told else min(affected, 1)
        return affected


class MySQL(Tables):
    """Bring chunks to a table of a MySQL or MariaDB database."""

    form: ClassVar[Form] = "rows"

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self.table = ".".join(map(_quoted, str(job.option("table")).split(".")))
        self.insert = self._insert()
        self._prepared: Any = None

    @property
    def conn(self) -> Any:
        """The connection to the destination; it is opened anew after a loss."""
        conn = self.job.connection()
        if not isinstance(conn, pymysql.Connection):
            raise ValueError(f"connection {self.job.option('connection')} is not one to MySQL")
        if conn is not self._prepared:
            with conn.cursor() as cursor:
                # Nothing is cut off or bent to fit; identity 0 is a value; times are of one zone.
                cursor.execute(
                    "set session time_zone = '+00:00', session sql_mode = "
                    "'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,ERROR_FOR_DIVISION_BY_ZERO'"
                )
            conn.autocommit(False)
            self._prepared = conn
        return conn

    def open(self) -> None:
        """Create the target if asked to, and the table of checkpoints."""
        with self.conn.cursor() as cursor:
            cursor.execute(_CREATE.format(_quoted(CHECKPOINT)))
            if self.job.option("create", True, False, default=False):
                cursor.execute(self._definition(cursor))
            cursor.execute(f"select 1 from {self.table} limit 0")  # noqa: S608 - quoted
        self.conn.commit()

    def begin(self, chunk: Chunk) -> Receipt | None:
        """Take the chunk's fence in a transaction of its own."""
        conn, key = self.conn, [self.job.run, chunk.chunk_id]
        with conn.cursor() as cursor:
            cursor.execute(
                f"insert ignore into {CHECKPOINT} (run, chunk, fence) values (%s, %s, %s)",  # noqa: S608
                [*key, chunk.fence],
            )
            cursor.execute(
                f"select fence, receipt from {CHECKPOINT} where run = %s and chunk = %s for update",  # noqa: S608
                key,
            )
            fence, receipt = cursor.fetchone()
            if receipt is None and fence <= chunk.fence:
                cursor.execute(
                    f"update {CHECKPOINT} set fence = %s where run = %s and chunk = %s",  # noqa: S608
                    [chunk.fence, *key],
                )
        conn.commit()
        if receipt is not None:
            return Receipt.parse(receipt)
        if fence > chunk.fence:
            raise Fenced(f"chunk {chunk.chunk_id} was claimed again")
        return None

    def write(self, batch: Batch) -> int | None:
        """Write a batch within a savepoint; raises Refused if a row is at fault."""
        upserts = self._send(self.insert, batch, Upserts)
        return upserts.written if self.job.mode == "upsert" else None

    def delete(self, batch: Batch) -> int:
        """Delete rows by key within a savepoint; raises Refused if one must stay."""
        same = " and ".join(f"{_quoted(x)} = %s" for x in self.job.key)
        return int(self._send(f"delete from {self.table} where {same}", batch).rowcount)  # noqa: S608

    def _send(self, statement: str, batch: Batch, kind: Any = pymysql.cursors.Cursor) -> Any:
        """Run a statement for each row within a savepoint; return the cursor of the kind."""
        conn = self.conn
        with conn.cursor() as cursor, conn.cursor(kind) as sending:
            cursor.execute("savepoint batch")
            try:
                sending.executemany(statement, [tuple(map(_value, row)) for row in batch.rows])
            except (MySQLError, ValueError) as error:
                code = error.args[0] if isinstance(error, MySQLError) and error.args else 0
                about_rows = isinstance(error, DataError | IntegrityError | ValueError)
                if not about_rows and code not in _REFUSALS:
                    raise
                cursor.execute("rollback to savepoint batch")
                text = str(error.args[-1] if error.args else error)
                found = re.search(r"(?:for key|CONSTRAINT) ['`]([^'`]+)['`]", text)
                raise Refused(text, str(code or 22000), found and found[1]) from error
            cursor.execute("release savepoint batch")
        return sending

    def commit(self, chunk: Chunk, receipt: Receipt) -> None:
        """Write the receipt, if the fence still holds, and commit it with the rows."""
        conn = self.conn
        with conn.cursor() as cursor:
            done = cursor.execute(
                f"update {CHECKPOINT} set receipt = %s where run = %s and chunk = %s "  # noqa: S608
                "and fence = %s and receipt is null",
                [receipt.text(), self.job.run, chunk.chunk_id, chunk.fence],
            )
        if done != 1:
            raise Fenced(f"chunk {chunk.chunk_id} was claimed again")
        conn.commit()

    @contextmanager
    def _comparing(self) -> Iterator[None]:
        names = ", ".join(map(_quoted, self.job.names))
        tables = [f"{self.staged}{x}" for x in ("", "_s", "_t")]
        drop = f"drop temporary table if exists {', '.join(tables)}"
        self._ask(drop)
        self._ask(
            f"create temporary table {self.staged} ({_quoted(KEY)} longtext) "  # noqa: S608
            f"as select {names} from {self.table} limit 0"
        )
        yield
        self._ask(drop)
        self.conn.rollback()

    def _stage(self, batch: Batch) -> None:
        names = ", ".join(map(_quoted, [*self.job.names, KEY]))
        holes = ", ".join(["%s"] * (len(self.job.columns) + 1))
        self._send(f"insert into {self.staged} ({names}) values ({holes})", batch)  # noqa: S608

    def _ask(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        if values:
            statement = statement.replace("%", "%%").replace(HOLE, "%s")
        with self.conn.cursor() as cursor:
            cursor.execute(statement, [_value(x) for x in values] or None)
            return list(cursor.fetchall())

    def _target(self) -> str:
        return self.table

    def _quoted(self, name: str) -> str:
        return _quoted(name)

    def _hash(self, alias: str) -> str:
        # As text and byte by byte, since a collation may find different texts equal. A float shows
        # all its digits only once it is a double.
        shown = [
            f"{alias}.{_quoted(name)}{' + 0e0' if code in _FLOAT else ''}"
            for name, (code, _) in zip(self.job.names, self._types(self.job.names), strict=True)
        ]
        digests = ", ".join(f"ifnull(md5(concat({x})), 'null')" for x in shown)
        return f"cast(conv(left(md5(concat_ws(',', {digests})), 16), 16, 10) as unsigned)"

    def _types(self, names: Sequence[str]) -> list[tuple[int, int]]:
        """Return the codes of columns' types, and their digits behind the point."""
        with self.conn.cursor() as cursor:
            cursor.execute(f"select {', '.join(map(_quoted, names))} from {self.table} limit 0")  # noqa: S608
            return [(column[1], column[5] or 0) for column in cursor.description]

    def _kinds(self, names: Sequence[str]) -> list[Kind | None]:
        return [
            (_ORDERED[code], digits) if code in _ORDERED else None
            for code, digits in self._types(names)
        ]

    def rollback(self) -> None:
        """Undo what was written since begin()."""
        self.conn.rollback()

    def _insert(self) -> str:
        columns = ", ".join(map(_quoted, self.job.names))
        holes = ", ".join(["%s"] * len(self.job.columns))
        text = f"insert into {self.table} ({columns}) values ({holes})"  # noqa: S608 - quoted
        if self.job.mode == "append":
            return text
        others = [x for x in self.job.names if x not in self.job.key] or list(self.job.key[:1])
        sets = ", ".join(f"{_quoted(x)} = values({_quoted(x)})" for x in others)
        return f"{text} on duplicate key update {sets}"

    def _definition(self, cursor: Any) -> str:
        cursor.execute("select version()")
        maria = "maria" in cursor.fetchone()[0].lower()
        # Keys that differ in case or in spaces at the end are two keys in PostgreSQL.
        collation = "utf8mb4_nopad_bin" if maria else "utf8mb4_0900_bin"
        columns = [
            f"{_quoted(c.name)} {_type(c, c.name in self.job.key)}"
            f"{' not null' if c.not_null or c.name in self.job.key else ' null'}"
            for c in self.job.columns
        ]
        if self.job.key:
            columns.append(f"primary key ({', '.join(map(_quoted, self.job.key))})")
        return (
            f"create table if not exists {self.table} ({', '.join(columns)}) engine=InnoDB "
            f"character set utf8mb4 collate {collation}"
        )


def _type(column: Column, in_key: bool) -> str:
    name, modifiers = base_type(column)
    if name == "numeric":
        precision, scale = (*modifiers, 0)[:2] if modifiers else (65, 30)
        return f"decimal({min(precision, 65)},{min(max(scale, 0), 30)})"
    length = modifiers[0] if modifiers else 0
    if name in ("character varying", "character") and 0 < length <= (700 if in_key else 10_000):
        return f"varchar({length})"
    if name in _TYPES:
        return "varbinary(255)" if in_key and name == "bytea" else _TYPES[name]
    return "varchar(255)" if in_key else "longtext"


def _value(value: Any) -> Any:
    """Return a value as PyMySQL can write it; raises ValueError if MySQL has none like it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    if isinstance(value, Decimal) and not value.is_finite():
        raise ValueError(f"MySQL has no {value}")
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"MySQL has no {value}")
        return value
    if isinstance(value, dict | list):
        return json.dumps(value, default=str, ensure_ascii=False)
    if isinstance(value, UUID) or (not isinstance(value, (*_PLAIN, time)) and not _is_date(value)):
        return str(value)
    return value


def _is_date(value: Any) -> bool:
    return hasattr(value, "isoformat")


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
