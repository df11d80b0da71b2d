"""Read the rows of a chunk from PostgreSQL, batch by batch, whatever their number and width.

Rows come by COPY as text lines, row by row as tuples, or by ADBC as Arrow: memory holds one batch.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple

import psycopg
from psycopg import DataError, sql
from psycopg.abc import Buffer
from psycopg.rows import dict_row
from psycopg.types.datetime import (
    DateBinaryLoader,
    TimeBinaryLoader,
    TimestampBinaryLoader,
    TimestamptzBinaryLoader,
    TimetzBinaryLoader,
)
from psycopg.types.json import set_json_loads

from pgbacklog.writers.base import Batch, Column, Job, Record

# Values look the same whatever server, database and role are set to.
SHAPE = {
    "client_encoding": "UTF8", "TimeZone": "UTC", "DateStyle": "ISO", "bytea_output": "hex",
    "IntervalStyle": "iso_8601", "extra_float_digits": "1", "lc_monetary": "C",
}  # fmt: skip
# Nothing can be written, and rows that a policy hides are an error: they would be missing.
_SETTINGS = {**SHAPE, "transaction_read_only": "on", "row_security": "off"}
# What Python has classes for that hold each value, or text instead of it.
_EXACT = {
    "boolean", "smallint", "integer", "bigint", "real", "double precision", "numeric", "bytea",
    "text", "character varying", "character", "bpchar", "name", "date", "time without time zone",
    "timestamp without time zone", "timestamp with time zone",
}  # fmt: skip
_ELEMENTS = _EXACT - {"bytea", "name"} | {"uuid"}  # arrays of which JSON can hold
# As JSON, which knows no bounds but 1; with others as text, which looks like no JSON: [0:1]={1,2}
_ARRAY = sql.SQL(
    "case when array_dims({0}) ~ '[[](?!1:)' then {0}::text else to_json({0})::text end"
)
# What psycopg makes objects of besides; of anything else it gives the bytes that came.
_KNOWN = _EXACT | {
    "uuid", "json", "jsonb", "oid", "inet", "cidr", "time with time zone", "int4range",
    "int8range", "numrange", "daterange", "tsrange", "tstzrange", "int4multirange",
    "int8multirange", "nummultirange", "datemultirange", "tsmultirange", "tstzmultirange",
}  # fmt: skip
# What a server says to the name of a snapshot that it does not have, up to version 16 and since.
_UNKNOWN = {"22023", "42704"}
# What a value can do to an expression, and what ADBC makes of errors that it knows no more of.
_OF_VALUES = (
    psycopg.DataError, psycopg.IntegrityError, psycopg.NotSupportedError, psycopg.InternalError,
)  # fmt: skip
_HELD = "select backlog.backfill_snapshot_held({}, {})"
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class Again(Exception):  # noqa: N818 - a request
    """The chunk holds a value that the quick way cannot carry: read it again as text."""


class Unreadable(Exception):  # noqa: N818 - a property of rows
    """The query of a chunk failed as it does if a cast cannot be made; `error` says how.

    Source.unreadable finds the rows at fault, if that is what it was.
    """

    def __init__(self, error: psycopg.Error) -> None:
        super().__init__(str(error))
        self.error = error


class SnapshotGone(Exception):  # noqa: N818 - what happened to it
    """The snapshot in which a chunk is to be read cannot be imported: who exported it is gone."""


class Shared(NamedTuple):
    """A snapshot in which all chunks of a backfill are read."""

    backfill_id: int
    number: int
    name: str


class Rows(Batch):
    """Rows as tuples of Python values, as psycopg gives them."""

    __slots__ = ("_names", "_nbytes", "_rows")

    def __init__(self, names: Sequence[str], rows: list[tuple[Any, ...]], nbytes: int) -> None:
        self._names, self._rows, self._nbytes = names, rows, nbytes

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def nbytes(self) -> int:
        return self._nbytes

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        return self._rows

    def part(self, start: int, stop: int) -> Rows:
        rows = self._rows[start:stop]
        return Rows(self._names, rows, self._nbytes * len(rows) // max(1, len(self._rows)))

    def record(self, index: int) -> Record:
        return dict(zip(self._names, map(plain, self._rows[index]), strict=True))


class Lines(Batch):
    """Rows as lines of COPY's text format."""

    __slots__ = ("_lines", "_names", "_nbytes")

    def __init__(self, names: Sequence[str], lines: list[bytes], nbytes: int) -> None:
        self._names, self._lines, self._nbytes = names, lines, nbytes

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def nbytes(self) -> int:
        return self._nbytes

    @property
    def lines(self) -> list[bytes]:
        return self._lines

    def part(self, start: int, stop: int) -> Lines:
        lines = self._lines[start:stop]
        return Lines(self._names, lines, sum(map(len, lines)))

    def record(self, index: int) -> Record:
        fields = self._lines[index].decode().removesuffix("\n").split("\t")
        return dict(zip(self._names, map(_unescaped, fields), strict=True))


class Source:
    """Where chunks are read, by one thread; the connection is kept from chunk to chunk."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self._open: dict[str, Any] = {}

    def read(
        self, query: str, job: Job, form: str, settings: Mapping[str, str], as_text: bool = False,
        snapshot: Shared | None = None,
    ) -> Generator[Batch]:  # fmt: skip
        """Yield the rows of a query in batches; `settings` are set on the connection that reads.

        Raises psycopg.Error when the source cannot be read, Unreadable when that is due to single
        rows, Again if it must be read `as_text`, SnapshotGone if not in this snapshot.
        """
        whole = False
        try:
            if form == "arrow":
                from pgbacklog.writers.arrow import connect, read_arrow

                conn = self._connection(form, connect)
                yield from read_arrow(conn, settings_sql(settings), query, job, as_text, snapshot)
            else:
                with self._transaction(settings, snapshot) as conn:
                    if form == "copy":
                        yield from _read_lines(conn, query, job)
                    else:
                        yield from _read_rows(conn, query, job, form == "exact")
            whole = True
        except _OF_VALUES as error:
            raise Unreadable(error) from error
        finally:
            if not whole:  # rows may still be on their way
                self.close()

    def unreadable(
        self, query: str, settings: Mapping[str, str], snapshot: Shared | None = None
    ) -> list[dict[str, Any]]:
        """Return the rows that backlog.unreadable_rows finds by a query."""
        with self._transaction(settings, snapshot) as conn:
            return conn.cursor(row_factory=dict_row).execute(query.encode()).fetchall()

    @contextmanager
    def _transaction(
        self, settings: Mapping[str, str], snapshot: Shared | None
    ) -> Iterator[psycopg.Connection[Any]]:
        conn = self._connection("rows", _connect)
        kept = psycopg.IsolationLevel.REPEATABLE_READ
        conn.isolation_level = None if snapshot is None else kept
        with conn.transaction():
            if snapshot is not None:
                enter(conn, snapshot)
            conn.execute(settings_sql(settings).encode())
            yield conn

    def close(self) -> None:
        """Close the connection."""
        while self._open:
            self._open.popitem()[1].close()

    def _connection(self, form: str, connect: Callable[[str], Any]) -> Any:
        kind = "arrow" if form == "arrow" else "psycopg"
        if kind not in self._open:
            self.close()
            self._open[kind] = connect(self.dsn)
        return self._open[kind]


def without(query: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the query of a chunk for all rows but some."""
    if not rows:
        return query
    texts = sql.Literal([row["row_text"] for row in rows]).as_string()
    return f"{query} and (s.*)::text <> all ({texts}::text[])"


def _connect(dsn: str) -> psycopg.Connection[Any]:
    conn = psycopg.connect(dsn, prepare_threshold=None)  # hardly a statement comes twice
    set_json_loads(_json, conn)
    for loader in _LOADERS:
        conn.adapters.register_loader(loader.type_oid, loader)
    return conn


def enter(conn: psycopg.Connection[Any], snapshot: Shared) -> None:
    """Have a transaction that has read nothing yet see a snapshot; raises SnapshotGone."""
    wanted, held = snapshot_sql(snapshot)
    with telling(snapshot):
        conn.execute(wanted.encode())
    insist(snapshot, conn.execute(held.encode()).fetchall())


def snapshot_sql(snapshot: Shared) -> tuple[str, str]:
    """Write what imports a snapshot, and what asks whether it is the right one."""
    wanted = sql.SQL("set transaction snapshot {}").format(snapshot.name).as_string()
    return wanted, sql.SQL(_HELD).format(snapshot.backfill_id, snapshot.number).as_string()


@contextmanager
def telling(snapshot: Shared) -> Iterator[None]:
    """Tell that a snapshot is gone from other errors."""
    try:
        yield
    except psycopg.Error as error:
        if error.sqlstate not in _UNKNOWN:
            raise
        raise SnapshotGone(str(error)) from error


def insist(snapshot: Shared, rows: Sequence[Sequence[Any]]) -> None:
    """Raise SnapshotGone unless the database said that somebody holds it."""
    # After a restart of the server another session's snapshot may have the same name.
    if not rows[0][0]:
        raise SnapshotGone(f"nobody holds snapshot {snapshot.number}")


def settings_sql(settings: Mapping[str, str], usual: Mapping[str, str] = _SETTINGS) -> str:
    """Write settings of a transaction, those of one that reads besides, for a proxy to follow."""
    call = sql.SQL("set_config({}, {}, true)")
    calls = [call.format(*map(sql.Literal, x)) for x in {**usual, **settings}.items()]
    return sql.SQL("select {}").format(sql.SQL(", ").join(calls)).as_string()


def _read_lines(conn: psycopg.Connection[Any], query: str, job: Job) -> Generator[Lines]:
    lines: list[bytes] = []
    size = 0
    with conn.cursor().copy(f"copy ({query}) to stdout".encode()) as copy:
        for line in copy:
            lines.append(bytes(line))
            size += len(line)
            if size >= job.batch_bytes or len(lines) >= job.batch_rows:
                yield Lines(job.names, lines, size)
                lines, size = [], 0
    if lines:
        yield Lines(job.names, lines, size)


def _read_rows(
    conn: psycopg.Connection[Any], query: str, job: Job, exact: bool
) -> Generator[Rows]:
    rows: list[tuple[Any, ...]] = []
    size = 0
    shown = [(_exactly if exact else _known)(x) for x in job.columns]
    if shown != [sql.Identifier(x) for x in job.names]:
        names = sql.SQL(", ").join(map(sql.Identifier, job.names)).as_string()
        query = f"select {sql.SQL(', ').join(shown).as_string()} from ({query}) as q ({names})"  # noqa: S608
    # Row by row off the wire: a few wide rows may be all that fits into memory.
    for row in conn.cursor(binary=True).stream(query.encode()):
        rows.append(row)
        size += 50 + sum(8 + len(x) if isinstance(x, str | bytes) else _size(x) for x in row)
        if size >= job.batch_bytes or len(rows) >= job.batch_rows:
            yield Rows(job.names, rows, size)
            rows, size = [], 0
    if rows:
        yield Rows(job.names, rows, size)


def _exactly(column: Column) -> sql.Composable:
    """Write a column so that Python gets each of its values as it is, most as text."""
    name, quoted = base_type(column)[0], sql.Identifier(column.name)
    if name in _EXACT:
        return quoted
    if column.type.endswith("[]") and _element(column) in _ELEMENTS:
        return _ARRAY.format(quoted)
    return sql.SQL("{}::text").format(quoted)


def _known(column: Column) -> sql.Composable:
    """Write a column so that psycopg knows its type."""
    quoted = sql.Identifier(column.name)
    return quoted if _element(column) in _KNOWN else sql.SQL("{}::text").format(quoted)


def _element(column: Column) -> str:
    """Return the type of a column, or of its elements, without modifiers."""
    return base_type(Column(column.name, column.type.removesuffix("[]")))[0]


class _Wide:
    """A loader of dates and times that are beyond Python's: as PostgreSQL's text."""

    type_oid: ClassVar[int]
    infinity: ClassVar[int]

    def load(self, data: Buffer) -> Any:
        """Return the date, or text."""
        try:
            return super().load(data)  # type: ignore[misc]
        except DataError:
            number = int.from_bytes(bytes(data), "big", signed=True)
            if number in (self.infinity, -self.infinity - 1):
                return "infinity" if number > 0 else "-infinity"
            return self.text(number)

    @staticmethod
    def text(number: int) -> str:
        """Write microseconds since 2000 as PostgreSQL does."""
        days, rest = divmod(number, 86_400_000_000)
        seconds, micros = divmod(rest, 1_000_000)
        clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        fraction = f".{micros:06}".rstrip("0") if micros else ""
        day, *era = _calendar(days).split(" ")
        return " ".join([day, clock + fraction, *era])


class _Date(_Wide, DateBinaryLoader):
    type_oid, infinity = 1082, 2**31 - 1

    @staticmethod
    def text(number: int) -> str:
        return _calendar(number)


class _Timestamp(_Wide, TimestampBinaryLoader):
    type_oid, infinity = 1114, 2**63 - 1


class _Timestamptz(_Wide, TimestamptzBinaryLoader):
    type_oid, infinity = 1184, 2**63 - 1

    @staticmethod
    def text(number: int) -> str:
        day, clock, *era = _Wide.text(number).split(" ")
        return " ".join([day, f"{clock}+00", *era])


class _Time(TimeBinaryLoader):
    type_oid = 1083

    def load(self, data: Buffer) -> Any:
        """Return the time; the end of a day as text."""
        try:
            return super().load(data)
        except DataError:
            return "24:00:00"


class _Timetz(TimetzBinaryLoader):
    type_oid = 1266

    def load(self, data: Buffer) -> Any:
        """Return the time; the end of a day as text."""
        try:
            return super().load(data)
        except DataError:
            west = int.from_bytes(bytes(data)[8:], "big", signed=True)
            zone = f"{abs(west) // 3600:02}:{abs(west) // 60 % 60:02}:{abs(west) % 60:02}"
            return f"24:00:00{'-' if west > 0 else '+'}{zone}"


_LOADERS = (_Date, _Timestamp, _Timestamptz, _Time, _Timetz)


def _calendar(days: int) -> str:
    """Write a day, counted from 2000-01-01, as PostgreSQL does."""
    # Years begin with March and come in eras of 400, which are all alike.
    era, day = divmod(days + 730_425, 146_097)
    year = (day - day // 1460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5
    year += 400 * era + (month >= 10)
    shown = f"{year if year > 0 else 1 - year:04}-{(month + 2) % 12 + 1:02}-{day + 1:02}"
    return shown if year > 0 else f"{shown} BC"


def _json(data: str | bytes) -> Any:
    return json.loads(data, parse_float=_number)


def _number(text: str) -> float | Decimal:
    """Read a number of JSON; one that a float cannot hold is a Decimal."""
    number, exact = float(text), Decimal(text)
    return number if math.isfinite(number) and Decimal(repr(number)) == exact else exact


def _size(value: Any) -> int:
    return len(str(value)) if isinstance(value, list | dict) else 8


def _unescaped(field: str) -> str | None:
    if field == "\\N":
        return None
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), field)


def fields(batch: Batch, form: str) -> Iterable[tuple[Any, ...]]:
    """Return the rows of a batch as tuples, whatever its form."""
    if form == "copy":
        lines = (line.decode().removesuffix("\n").split("\t") for line in batch.lines)
        return (tuple(map(_unescaped, line)) for line in lines)
    if form == "arrow":
        return zip(*(column.to_pylist() for column in batch.arrow.columns), strict=True)
    return batch.rows


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return "\\x" + bytes(value).hex()
    if isinstance(value, list):
        return [plain(x) for x in value]
    if isinstance(value, dict):
        return {key: plain(x) for key, x in value.items()}
    return str(value)


def base_type(column: Column) -> tuple[str, list[int]]:
    """Return a column's type without its modifiers, and these."""
    found = re.fullmatch(r"([^()]+?)(?:\(([-\d, ]+)\))?( with(?:out)? time zone)?", column.type)
    if found is None:
        return column.type, []
    name = found[1].removeprefix("pg_catalog.") + (found[3] or "")
    return name, [int(x) for x in (found[2] or "").split(",") if x.strip()]
