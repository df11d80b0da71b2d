"""The table that is copied and exported: seven columns of the usual types."""

from __future__ import annotations

import psycopg

COLUMNS = "id, region, amount, qty, ts, note, score"


def make_source(connection: psycopg.Connection, rows: int) -> None:
    """Make the table src with so many rows."""
    connection.execute(
        "create table src (id bigint primary key, region text not null, amount numeric(12, 2), "
        "qty int, ts timestamptz, note text, score double precision)"
    )
    connection.execute(
        "insert into src select i, (array['eu', 'us', 'asia'])[1 + i % 3], i * 1.25, i % 1000, "
        "'2024-01-01'::timestamptz + i * interval '1 second', 'note number ' || i, i / 7.0 "
        f"from generate_series(1, {rows}) as i"
    )
