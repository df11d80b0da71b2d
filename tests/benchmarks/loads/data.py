"""The rows to load: an account's object with ten columns, in three forms of the same input."""

from __future__ import annotations

import datetime
import decimal
import io
from collections.abc import Iterator
from typing import Any

from ..server import Connection

ACCOUNTS = 100_000
COLUMNS = (
    "id",
    "account_id",
    "ext_ref",
    "name",
    "email",
    "status",
    "amount",
    "qty",
    "updated_at",
    "note",
)
COLUMN_TYPES = (
    "id bigint, account_id bigint, ext_ref text, name text, email text, status text,"
    " amount numeric(12, 2), qty int, updated_at timestamptz, note text"
)
ROWS_SQL = f"""
  select g, mod(g, {ACCOUNTS}) + 1, 'EXT' || lpad(g::text, 9, '0'), 'Name ' || g || ' ' || %(mark)s,
    'user' || g || '@example.org', (array['new', 'open', 'closed'])[mod(g, 3) + 1],
    (mod(g * 7, 100000) / 100.0)::numeric(12, 2), mod(g, 97)::int,
    timestamptz '2026-01-01 10:00:00+00' + make_interval(days => mod(g, 28)::int),
    'note ' || %(mark)s || ' for row ' || g || ' with some padding text'
  from generate_series(%(first)s::bigint, %(last)s::bigint) as g
"""
STATUSES = ("new", "open", "closed")
START = datetime.datetime(2026, 1, 1, 10, tzinfo=datetime.UTC)


def insert_rows(connection: Connection, table: str, first: int, last: int, mark: str) -> None:
    """Insert the rows of these ids; `mark` is part of their name and note."""
    connection.execute(
        f"insert into {table} ({', '.join(COLUMNS)}) {ROWS_SQL}",
        {"first": first, "last": last, "mark": mark},
    )


def csv_bytes(connection: Connection, first: int, last: int, mark: str) -> bytes:
    """Return the rows as CSV."""
    buffer = io.BytesIO()
    with connection.cursor().copy(
        f"copy ({ROWS_SQL}) to stdout (format csv)", {"first": first, "last": last, "mark": mark}
    ) as copy:
        for block in copy:
            buffer.write(block)
    return buffer.getvalue()


def python_rows(first: int, last: int, mark: str) -> list[dict[str, Any]]:
    """Return the rows as dictionaries of Python objects, as an API client would hold them."""
    return [
        {
            "id": number,
            "account_id": number % ACCOUNTS + 1,
            "ext_ref": f"EXT{number:09d}",
            "name": f"Name {number} {mark}",
            "email": f"user{number}@example.org",
            "status": STATUSES[number % 3],
            "amount": decimal.Decimal(number * 7 % 100000) / 100,
            "qty": number % 97,
            "updated_at": START + datetime.timedelta(days=number % 28),
            "note": f"note {mark} for row {number} with some padding text",
        }
        for number in range(first, last + 1)
    ]


def in_chunks(rows: list[dict[str, Any]], size: int = 10_000) -> Iterator[list[dict[str, Any]]]:
    """Yield copies of the rows chunk by chunk, as a generator of pages would."""
    for first in range(0, len(rows), size):
        yield [dict(row) for row in rows[first : first + size]]


def arrow_table(csv: bytes) -> Any:
    """Return the rows of a CSV as an Arrow table with the column types of the stable table."""
    import pyarrow
    import pyarrow.csv

    types = {
        "id": pyarrow.int64(),
        "account_id": pyarrow.int64(),
        "amount": pyarrow.decimal128(12, 2),
        "qty": pyarrow.int32(),
        "updated_at": pyarrow.timestamp("us", tz="UTC"),
    }
    return pyarrow.csv.read_csv(
        io.BytesIO(csv),
        read_options=pyarrow.csv.ReadOptions(column_names=list(COLUMNS)),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types={name: types.get(name, pyarrow.string()) for name in COLUMNS}
        ),
    )
