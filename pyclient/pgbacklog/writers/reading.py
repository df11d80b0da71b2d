"""Read the rows of a chunk from PostgreSQL, batch by batch, whatever their number and width.

Rows come by COPY as text lines, row by row as tuples, or by ADBC as Arrow: memory holds one batch.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, NamedTuple

import psycopg
from psycopg import DataError, sql
from psycopg.abc import Buffer
from psycopg.types.datetime import (
    DateBinaryLoader,
    TimestampBinaryLoader,
    TimestamptzBinaryLoader,
)

from pgbacklog.writers.base import Batch, Column, Job, Record

# Values look the same whatever the server is set to, and nothing can be written.
_SETTINGS = {
    "transaction_read_only": "on", "TimeZone": "UTC", "DateStyle": "ISO", "bytea_output": "hex",
    "IntervalStyle": "iso_8601", "extra_float_digits": "1",
}  # fmt: skip
# What a server says to the name of a snapshot that it does not have, up to version 16 and since.
_UNKNOWN = {"22023", "42704"}
_HELD = "select backlog.backfill_snapshot_held({}, {})"
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class Again(Exception):  # noqa: N818 - a request
    """The chunk holds a value that the quick way cannot carry: read it again as text."""


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

        Raises psycopg.Error when the source cannot be read, Again if it must be read `as_text`,
        SnapshotGone if not in this snapshot.
        """
        whole = False
        try:
            if form == "arrow":
                from pgbacklog.writers.arrow import connect, read_arrow

                conn = self._connection(form, connect)
                yield from read_arrow(conn, settings_sql(settings), query, job, as_text, snapshot)
            else:
                conn = self._connection(form, _connect)
                kept = psycopg.IsolationLevel.REPEATABLE_READ
                conn.isolation_level = None if snapshot is None else kept
                with conn.transaction():
                    if snapshot is not None:
                        enter(conn, snapshot)
                    conn.execute(settings_sql(settings).encode())
                    yield from (_read_lines if form == "copy" else _read_rows)(conn, query, job)
            whole = True
        finally:
            if not whole:  # rows may still be on their way
                self.close()

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


def _connect(dsn: str) -> psycopg.Connection[Any]:
    conn = psycopg.connect(dsn, prepare_threshold=None)  # hardly a statement comes twice
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


def settings_sql(settings: Mapping[str, str]) -> str:
    """Write the settings of a transaction that reads, as one statement that a proxy can follow."""
    call = sql.SQL("set_config({}, {}, true)")
    calls = [call.format(*map(sql.Literal, x)) for x in {**_SETTINGS, **settings}.items()]
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


def _read_rows(conn: psycopg.Connection[Any], query: str, job: Job) -> Generator[Rows]:
    rows: list[tuple[Any, ...]] = []
    size = 0
    # Python's timedelta knows no months, so intervals come as text.
    if any(base_type(column)[0].startswith("interval") for column in job.columns):
        shown = [sql.SQL("{}::text" if base_type(x)[0].startswith("interval") else "{}").format(
            sql.Identifier(x.name)) for x in job.columns]  # fmt: skip
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


class _Wide:
    """A loader of dates that are beyond Python's: as text, for the destination to judge."""

    type_oid: ClassVar[int]
    infinity: ClassVar[int]

    def load(self, data: Buffer) -> Any:
        """Return the date, or text."""
        try:
            return super().load(data)  # type: ignore[misc]
        except DataError as error:
            number = int.from_bytes(bytes(data), "big", signed=True)
            if number in (self.infinity, -self.infinity - 1):
                return "infinity" if number > 0 else "-infinity"
            return str(error)


class _Date(_Wide, DateBinaryLoader):
    type_oid, infinity = 1082, 2**31 - 1


class _Timestamp(_Wide, TimestampBinaryLoader):
    type_oid, infinity = 1114, 2**63 - 1


class _Timestamptz(_Wide, TimestamptzBinaryLoader):
    type_oid, infinity = 1184, 2**63 - 1


_LOADERS = (_Date, _Timestamp, _Timestamptz)


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
    if isinstance(value, list | dict):
        return json.loads(json.dumps(value, default=str))
    return str(value)


def base_type(column: Column) -> tuple[str, list[int]]:
    """Return a column's type without its modifiers, and these."""
    found = re.fullmatch(r"([^()]+?)(?:\(([-\d, ]+)\))?( with(?:out)? time zone)?", column.type)
    if found is None:
        return column.type, []
    name = found[1].removeprefix("pg_catalog.") + (found[3] or "")
    return name, [int(x) for x in (found[2] or "").split(",") if x.strip()]
