"""Write to MySQL and MariaDB.

Fence and receipt are a row of the table pgbacklog_checkpoint in the database of the connection,
committed together with the rows; target and this table must be of a transactional engine. Options
of the destination: connection, table ([database.]table), mode, key, create. Rows of an upsert that
are in the target already, as they are, do not count as written.

Whatever MySQL would bend to fit without an error is refused here: digits that a column does not
keep, spaces at the end, another row's key that only a collation finds equal. JSON and types that
MySQL does not have arrive as text, arrays as JSON.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

import pymysql
import pymysql.cursors
from pymysql.constants import FIELD_TYPE, FLAG
from pymysql.err import DataError, IntegrityError, MySQLError

from pgbacklog.writers.base import Batch, Chunk, Column, Fenced, Form, Job, Receipt, Refused
from pgbacklog.writers.comparing import HOLE, KEY, Kind, Tables, places
from pgbacklog.writers.reading import base_type

CHECKPOINT = "pgbacklog_checkpoint"
_CREATE = """create table if not exists {} (run varchar(100) character set ascii not null,
  chunk bigint not null, fence bigint not null, receipt longtext,
  changed_at timestamp not null default current_timestamp on update current_timestamp,
  primary key (run, chunk)) engine=InnoDB
  comment='Which chunks of backfills are here, and who may write them.'"""
# What PyMySQL does not file under its classes of errors about data: wrong value, JSON, check.
_REFUSALS = {1264, 1265, 1292, 1364, 1365, 1366, 1367, 1406, 1690, 3140, 3819, 4025}
_CUT, _OTHER_KEY = 1265, 1365
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
# Others overlook spaces at the end.
_BYTEWISE = {"utf8mb4_nopad_bin", "utf8mb4_0900_bin"}
_WHOLE = {FIELD_TYPE.TINY, FIELD_TYPE.SHORT, FIELD_TYPE.INT24, FIELD_TYPE.LONG,
          FIELD_TYPE.LONGLONG, FIELD_TYPE.YEAR}  # fmt: skip
_WHOLE_NAMES = {"boolean", "smallint", "integer", "bigint"}
_DOUBLES = {"real", "double precision", "smallint", "integer"}
_TIMES = {FIELD_TYPE.DATETIME, FIELD_TYPE.TIMESTAMP, FIELD_TYPE.TIME}
_NO_NUMBER = Decimal("NaN")  # equal to nothing
_BINARY = 63  # the character set of bytes
Judge = Callable[[Any], bool]


class Strict(pymysql.cursors.Cursor):
    """Take what was cut off to fit for the error that strict mode makes of it elsewhere."""

    def execute(self, query: Any, args: Any = None) -> int:
        """Run one statement."""
        affected = super().execute(query, args)
        if self.warning_count:
            with self.connection.cursor() as cursor:
                cursor.execute("show warnings")
                for _, code, text in cursor.fetchall():
                    if code == _CUT:
                        raise DataError(code, text)
        return int(affected)


class Upserts(Strict):
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

    form: ClassVar[Form] = "exact"

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self.table = ".".join(map(_quoted, str(job.option("table")).split(".")))
        self.insert = self._insert()
        self._prepared: Any = None
        self._judges: list[tuple[int, Judge]] = []

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
            # With an exponent, as str() may write it, a number would be a float.
            conn.encoders = {**conn.encoders, Decimal: _digits}
            self._prepared = conn
        return conn

    def open(self) -> None:
        """Create the target if asked to, and the table of checkpoints."""
        with self.conn.cursor() as cursor:
            cursor.execute(_CREATE.format(_quoted(CHECKPOINT)))
            if self.job.option("create", True, False, default=False):
                cursor.execute(self._definition(cursor))
            names = ", ".join(map(_quoted, self.job.names))
            cursor.execute(f"select {names} from {self.table} limit 0")  # noqa: S608 - quoted
            fields = vars(cursor)["_result"].fields  # with more than PyMySQL's description tells
        self.conn.commit()
        judged = map(_judge, self.job.columns, fields)
        self._judges = [(place, judge) for place, judge in enumerate(judged) if judge]

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
        self._insist(batch)
        upserts = self._send(self.insert, batch, Upserts)
        return upserts.written if self.job.mode == "upsert" else None

    def delete(self, batch: Batch) -> int:
        """Delete rows by key within a savepoint; raises Refused if one must stay."""
        same = " and ".join(f"{_for_values(_quoted(x))} = %s" for x in self.job.key)
        statement = f"delete from {_for_values(self.table)} where {same}"  # noqa: S608 - quoted
        return int(self._send(statement, batch).rowcount)

    def _insist(self, batch: Batch) -> None:
        """Refuse values that the target would alter without a word."""
        for place, judge in self._judges:
            for row in batch.rows:
                if row[place] is not None and not judge(row[place]):
                    name = self.job.names[place]
                    raise Refused(f"column {name} cannot keep {str(row[place])[:100]!r}", str(_CUT))

    def _send(self, statement: str, batch: Batch, kind: type[Strict] = Strict) -> Any:
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
                if code == _OTHER_KEY:
                    text = "another row of the destination has this key, or another unique value"
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
        self._insist(batch)
        names = _for_values(", ".join(map(_quoted, [*self.job.names, KEY])))
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
        collations = {row[0]: row[2] for row in self._ask(f"show full columns from {self.table}")}
        return [
            ("bytes", None) if collations.get(name) in _BYTEWISE
            else (_ORDERED[code], digits) if code in _ORDERED else None
            for name, (code, digits) in zip(names, self._types(names), strict=True)
        ]  # fmt: skip

    def rollback(self) -> None:
        """Undo what was written since begin()."""
        self.conn.rollback()

    def _insert(self) -> str:
        columns = ", ".join(map(_quoted, self.job.names))
        holes = ", ".join(["%s"] * len(self.job.columns))
        head = f"insert into {self.table} ({columns})"
        text = f"{_for_values(head)} values ({holes})"
        if self.job.mode == "append":
            return text
        # Another unique key may be what is found twice, or a key that differs in case: no row may
        # overwrite that of another. In strict mode a division by zero is an error.
        keys = [_quoted(x) for x in self.job.key]
        same = " and ".join(f"cast({x} as binary) = cast(values({x}) as binary)" for x in keys)
        sets = [f"{keys[0]} = if({same}, {keys[0]}, 1 / 0)"]
        sets += [f"{x} = values({x})" for x in map(_quoted, self.job.names) if x not in keys]
        return f"{text} on duplicate key update {_for_values(', '.join(sets))}"

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
        whole = max(precision - scale, 0)  # PostgreSQL knows scales below 0 and above the precision
        scale = min(max(scale, 0), 30)
        return f"decimal({min(whole + scale, 65) or 1},{scale})"
    length = modifiers[0] if modifiers else 0
    if name in ("character varying", "character") and 0 < length <= (700 if in_key else 10_000):
        return f"varchar({length})"
    if name in _TYPES:
        return "varbinary(255)" if in_key and name == "bytea" else _TYPES[name]
    return "varchar(255)" if in_key else "longtext"


def _digits(number: Decimal, _: Any = None) -> str:
    return format(number, "f")


def _value(value: Any) -> Any:
    """Return a value as PyMySQL can write it; raises ValueError if MySQL has none like it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    if (isinstance(value, float) and not math.isfinite(value)) or (
        isinstance(value, Decimal) and not value.is_finite()
    ):
        raise ValueError(f"MySQL has no {value}")
    return value


def _judge(column: Column, field: Any) -> Judge | None:
    """Return what tells whether a column of the target keeps a value; None if it keeps all.

    What it does not tell is an error in strict mode, or is said to be cut.
    """
    code, name = field.type_code, base_type(column)[0]
    if code in _WHOLE and name not in _WHOLE_NAMES:
        return lambda value: places(_number(value)) == 0
    if code == FIELD_TYPE.NEWDECIMAL and name not in _WHOLE_NAMES:
        return lambda value: places(_number(value)) <= field.scale
    if code == FIELD_TYPE.FLOAT and name != "real":
        return lambda value: _number(value) == Decimal(repr(_rounded(float(value))))
    if code == FIELD_TYPE.DOUBLE and name not in _DOUBLES:
        return lambda value: _number(value) == Decimal(repr(float(value)))
    if code in _TIMES and field.scale < 6:
        return lambda value: _micros(value) % 10 ** (6 - field.scale) == 0
    if code == FIELD_TYPE.DATE and name != "date":
        return lambda value: not isinstance(value, datetime) or value.time() == time()
    if code == FIELD_TYPE.BIT and name != "boolean":
        return lambda value: isinstance(value, int)
    if code == FIELD_TYPE.STRING:
        return _judge_string(name, field)
    return None


def _judge_string(name: str, field: Any) -> Judge | None:
    if field.charsetnr == _BINARY:  # zeros are put at the end
        return lambda value: isinstance(value, bytes) and len(value) == field.length
    if field.flags & (FLAG.ENUM | FLAG.SET) or name in ("character", "bpchar"):
        return None
    return lambda value: not (isinstance(value, str) and value.endswith(" "))  # these go


def _number(value: Any) -> Decimal:
    try:
        return Decimal(repr(value) if isinstance(value, float) else value)
    except (InvalidOperation, TypeError, ValueError):
        return _NO_NUMBER


def _rounded(value: float) -> float:
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return math.inf


def _micros(value: Any) -> int:
    """Return the microseconds of a time; of text as well."""
    if isinstance(value, datetime | time):
        return value.microsecond
    found = None if isinstance(value, date) else re.search(r":\d+\.(\d{1,6})", str(value))
    return int(found[1].ljust(6, "0")) if found else 0


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _for_values(text: str) -> str:
    """Write SQL so that PyMySQL can put values into it."""
    return text.replace("%", "%%")
