"""Read PostgreSQL as Arrow, exactly: what Arrow has no type for comes as text.

ADBC decodes COPY's binary format in C++ without Python's lock, about three times as fast as
anything that goes through Python objects. Two things are improved on: numeric(p,s), which ADBC
gives as text, is read as whole numbers where these fit into 64 bits; when there is a NaN among
them, the chunk is read again as text. So it is when an array is no list: ADBC would forget that it
has more dimensions, or does not begin with 1. Values that Arrow cannot represent (an infinite date,
NaN in a numeric) are found batch by batch, so that exactly the rows at fault are refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from typing import Any

import adbc_driver_manager
import adbc_driver_postgresql.dbapi as adbc
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from pgbacklog.writers.base import Batch, Column, Job, Record, Refused
from pgbacklog.writers.reading import (
    Again,
    Shared,
    base_type,
    insist,
    plain,
    snapshot_sql,
    telling,
)

_PLAIN: dict[str, pa.DataType] = {
    "boolean": pa.bool_(),
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "real": pa.float32(),
    "double precision": pa.float64(),
    "text": pa.string(),
    "character varying": pa.string(),
    "bytea": pa.binary(),
    "date": pa.date32(),
    "time without time zone": pa.time64("us"),
    "timestamp without time zone": pa.timestamp("us"),
    "timestamp with time zone": pa.timestamp("us", "UTC"),
}
_LISTS = {"smallint", "integer", "bigint", "real", "double precision", "text", "boolean"}
_LIST = sql.SQL("case when array_ndims({0}) > 1 or array_lower({0}, 1) <> 1 then {1} else {2} end")


def arrow_type(column: Column) -> pa.DataType:
    """Return the Arrow type that holds every value of a column but NaN and infinity."""
    name, modifiers = base_type(column)
    if name.endswith("[]") and name[:-2] in _LISTS:
        return pa.list_(_PLAIN[name[:-2]])
    if name == "numeric" and modifiers:
        precision, scale = (*modifiers, 0)[:2]
        if 0 <= scale <= precision <= 76:
            return (pa.decimal128 if precision <= 38 else pa.decimal256)(precision, scale)
    return _PLAIN.get(name, pa.string())


def schema_of(job: Job) -> pa.Schema:
    """Return the schema of a job's rows."""
    return pa.schema([pa.field(c.name, arrow_type(c), not c.not_null) for c in job.columns])


class ArrowBatch(Batch):
    """Rows as Arrow has read them; made into the job's schema when asked for."""

    __slots__ = ("_raw", "_schema")

    def __init__(self, raw: pa.RecordBatch, schema: pa.Schema) -> None:
        self._raw, self._schema = raw, schema

    def __len__(self) -> int:
        return int(self._raw.num_rows)

    @property
    def nbytes(self) -> int:
        return int(self._raw.nbytes)

    def part(self, start: int, stop: int) -> ArrowBatch:
        return ArrowBatch(self._raw.slice(start, stop - start), self._schema)

    def record(self, index: int) -> Record:
        shown = {}
        for field, column in zip(self._schema, self._raw.columns, strict=True):
            cell = column.slice(index, 1)
            if pa.types.is_decimal(field.type) and pa.types.is_int64(cell.type):
                cell = _decimal(cell, field.type)
            if pa.types.is_list(field.type) and pa.types.is_string(cell.type) and cell[0].is_valid:
                shown[field.name] = json.loads(cell[0].as_py())
                continue
            try:
                shown[field.name] = plain(cell[0].as_py())
            except (OverflowError, ValueError):  # beyond what Python's dates can be
                shown[field.name] = cell.cast(pa.string())[0].as_py()
        return shown

    @property
    def arrow(self) -> pa.RecordBatch:
        try:
            columns = [
                _converted(column, field.type)
                for column, field in zip(self._raw.columns, self._schema, strict=True)
            ]
            return pa.RecordBatch.from_arrays(columns, schema=self._schema)
        except (pa.ArrowInvalid, ValueError) as error:
            raise Refused(f"a value does not fit: {error}", "22000") from error


def connect(dsn: str) -> Any:
    """Open a connection; what it does is in transactions."""
    try:
        return adbc.connect(dsn)
    except adbc_driver_manager.Error as error:
        raise _as_psycopg(error) from error


def read_arrow(
    conn: Any, settings: str, query: str, job: Job, as_text: bool = False,
    snapshot: Shared | None = None,
) -> Generator[ArrowBatch]:  # fmt: skip
    """Yield the rows of a query in batches; as text slower, and with every value there can be.

    Raises Again if it must be as text.
    """
    try:
        if snapshot is not None:
            _enter(conn, snapshot)
        yield from _read(conn, settings, query, job, _safe if as_text else _fast)
    except (psycopg.DataError, psycopg.NotSupportedError, psycopg.InternalError):
        if as_text:
            raise
        raise Again from None


def _enter(conn: Any, snapshot: Shared) -> None:
    # The driver has sent a plain BEGIN; the level can be changed until something is read.
    wanted, held = snapshot_sql(snapshot)
    try:
        with conn.cursor() as cursor, telling(snapshot):
            try:
                cursor.execute("set transaction isolation level repeatable read, read only")
                cursor.execute(wanted)
            except adbc_driver_manager.Error as error:
                raise _as_psycopg(error) from error
            cursor.execute(held)
            insist(snapshot, cursor.fetchall())
    except adbc_driver_manager.Error as error:
        raise _as_psycopg(error) from error


def _read(
    conn: Any, settings: str, query: str, job: Job, shape: Callable[[Column], sql.Composable]
) -> Generator[ArrowBatch]:
    schema = schema_of(job)
    names = sql.SQL(", ").join(map(sql.Identifier, job.names)).as_string()
    shapes = sql.SQL(", ").join(map(shape, job.columns)).as_string()
    text = f"select {shapes} from ({query}) as q ({names})"  # noqa: S608 - quoted
    room = {"adbc.postgresql.batch_size_hint_bytes": str(max(64 << 10, job.batch_bytes))}
    try:
        with conn.cursor() as cursor:
            cursor.execute(settings)
            cursor.adbc_statement.set_options(**room)
            cursor.execute(text)
            for raw in cursor.fetch_record_batch():
                yield ArrowBatch(raw, schema)
        conn.commit()
    except adbc_driver_manager.Error as error:
        raise _as_psycopg(error) from error
    except (OSError, pa.ArrowException) as error:  # the stream's own, which carry but a message
        raise _as_psycopg(error) from error


def _fast(column: Column) -> sql.Composable:
    """Write a column so that ADBC has a type for it."""
    name, modifiers = base_type(column)
    wanted, quoted = arrow_type(column), sql.Identifier(column.name)
    if pa.types.is_decimal(wanted) and modifiers[0] <= 18:
        scale = sql.Literal(10 ** (*modifiers, 0)[1])
        return sql.SQL("({} * {})::int8").format(quoted, scale)
    if pa.types.is_list(wanted):
        # What cannot be a list is no array literal either, so that the chunk is read again.
        malformed = sql.SQL("array_dims({})::{}").format(quoted, sql.SQL(column.type))
        return _LIST.format(quoted, malformed, quoted)
    return quoted if name in _PLAIN else sql.SQL("{}::text").format(quoted)


def _safe(column: Column) -> sql.Composable:
    """Write a column so that no value of it can fail before it is looked at."""
    wanted, quoted = arrow_type(column), sql.Identifier(column.name)
    if pa.types.is_decimal(wanted):
        return sql.SQL("{}::text").format(quoted)
    if pa.types.is_list(wanted):
        listed = sql.SQL("to_json({})::text").format(quoted)
        return _LIST.format(quoted, sql.SQL("to_json({}::text)::text").format(quoted), listed)
    return _fast(column)


def _converted(column: pa.Array, wanted: pa.DataType) -> pa.Array:
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if column.type == wanted:
        if pa.types.is_date(wanted) or pa.types.is_timestamp(wanted):
            _insist_on_finite(column)
        return column
    if pa.types.is_decimal(wanted) and pa.types.is_int64(column.type):
        return _decimal(column, wanted)
    if pa.types.is_list(wanted) and pa.types.is_string(column.type):
        floats = pa.types.is_floating(wanted.value_type)
        return pa.array([_listed(x, floats) for x in column.to_pylist()], wanted)
    return column.cast(wanted)


def _listed(text: str | None, floats: bool) -> Any:
    """Read an array that came as JSON; one that is no list came as a string."""
    found = None if text is None else json.loads(text, parse_int=float if floats else int)
    if isinstance(found, str):
        raise ValueError(f"{found[:100]} is no list")
    # NaN and infinity are strings there.
    return [x if x is None else float(x) for x in found] if floats and found else found


def _insist_on_finite(column: pa.Array) -> None:
    # ADBC adds its epoch to PostgreSQL's infinities as if they were dates.
    days = pa.types.is_date(column.type)
    ends = pc.min_max(column.view(pa.int32() if days else pa.int64())).as_py()
    least, most = (-2_500_000, 2_147_000_000) if days else (-(2**62), 2**63 - 1)
    if ends["min"] is not None and not (least < ends["min"] and ends["max"] < most):
        raise Refused("an infinite or too distant date or time", "22008")


def _decimal(column: pa.Array, wanted: pa.Decimal128Type) -> pa.Array:
    """Take whole numbers as decimals with their point moved: the bytes are nearly the same."""
    import numpy as np

    valid = None if not column.null_count else column.is_valid().buffers()[1]
    numbers = pc.fill_null(column, 0).to_numpy()
    wide = np.empty((len(numbers), 2), dtype=np.int64)
    wide[:, 0] = numbers
    np.right_shift(numbers, 63, out=wide[:, 1])  # the sign
    return pa.Array.from_buffers(wanted, len(numbers), [valid, pa.py_buffer(wide)])


def _as_psycopg(error: Exception) -> psycopg.Error:
    """Return the error that psycopg would have raised, so that callers know one kind only."""
    state = getattr(error, "sqlstate", None)
    if state:
        return psycopg.errors.lookup(state)(str(error))
    if "canceling statement" in str(error):
        return psycopg.errors.QueryCanceled(str(error))
    if isinstance(error, adbc_driver_manager.OperationalError):
        return psycopg.OperationalError(str(error))
    return psycopg.InternalError(str(error))
