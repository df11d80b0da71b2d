"""Every value of every type arrives as it was, or its row is refused; nothing is bent to fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pgbacklog.writers.parquet import manifest

from support.backfilling import create, state
from support.database import Database
from support.places import PLACES, Place
from support.values import TYPES, VALUES

Cells = dict[int, Any]
NAMES = [f"c{n}" for n in range(len(VALUES))]
# What the source says of a value, for a destination that keeps it as a number of days or microseconds.
COUNTED = {
    "date": "({} - date '1970-01-01')::text",
    "time": "trunc(extract(epoch from {}) * 1000000)::text",
    "timestamp": "trunc(extract(epoch from {}) * 1000000)::text",
}
NO_NUMBER = {"NaN", "Infinity", "-Infinity"}
ENDLESS = {"infinity", "-infinity"}
NO_LIST = {"integer[]": {"{{1,2},{3,4}}", "[0:1]={1,2}", "[5:5]={NULL}"}, "smallint[]": {"{{1}}"},
           "text[]": {"{{a,b},{c,NULL}}", "[2:3]={x,y}"}, "double precision[]": {"[0:0]={1}"}}  # fmt: skip
TOO_FAR = {"294276-12-31 23:59:59.999999", "294276-12-31 23:59:59.999999+00", "294247-06-01 00:00:00"}
IN_ARROW = {
    "numeric(12,2)": NO_NUMBER, "date": ENDLESS, "timestamp": ENDLESS | TOO_FAR,
    "timestamp with time zone": ENDLESS | TOO_FAR, **NO_LIST,
}  # fmt: skip
# Values, as PostgreSQL shows them, that a destination has no place for; "*" begins any.
REFUSED: dict[str, dict[str, set[str]]] = {
    "postgres": {},
    "parquet": {**IN_ARROW, "time": {"24:00:00"}},
    "duckdb": IN_ARROW,
    "mysql": {
        "numeric": {*NO_NUMBER, "0.0000000000000000000000000000001", "0.00000000000000000000000000000000000000*",
                    "100000000000000000000000000000000000*", "9999999999*", "0.777777777*",
                    "12345678901234567890123456789012345.123456789012345678901234567891"},
        "numeric(12,2)": NO_NUMBER,
        "numeric(40,35)": {"99999.99999999999999999999999999999999999", "0.00000000000000000000000000000000001"},
        "numeric(76,38)": {"1000000000*", "0.00000000000000000000000000000000000001", "-1234567890*"},
        "numeric(90,2)": {"1000000000*"},
        "real": NO_NUMBER, "double precision": NO_NUMBER,
        "date": {*ENDLESS, "0001-12-31 BC", "4713-01-01 BC", "10000-01-01", "5874897-12-31"},
        "timestamp": {*ENDLESS, *TOO_FAR, "4713-01-01 00:00:00 BC", "10000-01-01 00:00:00", "294246-01-01 00:00:00"},
        "timestamp with time zone": {*ENDLESS, *TOO_FAR, "0001-12-31 23:00:00+00 BC", "4713-01-01 00:00:00+00 BC",
                                     "10000-01-01 11:59:59.999999+00"},
    },
}  # fmt: skip


@pytest.fixture
def conn(db: Database) -> Iterator[psycopg.Connection[Any]]:
    """A database with the table every, which has a column of each type and one value in each row."""
    with db.connect() as made:
        made.execute("set timezone = 'UTC'")
        made.execute("select backlog.create_pipeline('shop')")
        made.execute("select backlog.set_setting('backfill_max_refused_rows', '1000')")
        for kind in PLACES:
            made.execute("select backlog.set_retry_policy('backfill.' || %s, p_retry_delay_seconds => 0)", [kind])
        made.execute(TYPES)
        columns = ", ".join(f"{name} {kind}" for name, kind in zip(NAMES, VALUES, strict=True))
        made.execute(f"create table every (id int primary key generated always as identity, {columns})")
        made.execute("insert into every default values")
        for name, (kind, values) in zip(NAMES, VALUES.items(), strict=True):
            for value in values:
                made.execute(f"insert into every ({name}) values (({value})::{kind})")
        yield made


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_every_value_arrives_or_is_refused(conn: psycopg.Connection[Any], place: Place) -> None:
    made = create(conn, place.destination(), "public.every", create_target=True, batch_size=100)
    place.work()
    assert state(conn, made)["state"] == "COMPLETED", conn.execute(
        "select c.error from backlog.backfill_chunks as c where c.error is not null"
    ).fetchall()
    incidents = {x for (x,) in conn.execute("select (i.record ->> 'id')::int from backlog.incidents as i")}
    there = {name: stored(place, name, kind) for name, kind in zip(NAMES, VALUES, strict=True)}
    assert {*there["c0"], *incidents} == {x for (x,) in conn.execute("select id from every")}
    assert not {*there["c0"]} & incidents
    wrong = []
    for name, kind in zip(NAMES, VALUES, strict=True):
        refused = set()
        for row, shown in conn.execute(f"select id, {name}::text from every").fetchall():
            if row in incidents:
                refused |= {shown} - {None}
            elif shown != there[name][row] and not same(conn, place.kind, kind, name, row, there[name][row]):
                wrong.append((kind, shown, there[name][row]))
        expected = REFUSED[place.kind].get(kind, set())
        begins = {x[:-1] for x in expected if x.endswith("*")}
        assert (kind, {x for x in refused - expected if not x.startswith((*begins, "\0"))}) == (kind, set())
    assert wrong == []


def stored(place: Place, name: str, kind: str) -> Cells:
    """Return a column of what arrived, by row; as text if the destination can write it so."""
    if place.kind == "postgres":
        return dict(place.query(f"select id, {name}::text from orders"))
    if place.kind == "mysql":
        # Of a float all digits are shown only when it is a double; bytes would be taken for text.
        shown = {"bytea": "concat('\\\\x', lower(hex({})))", "real": "concat({} + 0e0)"}.get(kind, "concat({})")
        rows = place.query(f"select id, {shown.format(name)} from orders")
        return {row: x.decode() if isinstance(x, bytes) else x for row, x in rows}
    if place.kind == "duckdb":
        import duckdb

        with duckdb.connect(str(place.folder / "d.duckdb")) as file:
            tables = [file.execute(f"select id, {name} from orders").to_arrow_table()]
    else:
        lake = place.folder / "lake"
        tables = [pq.read_table(lake / file["path"], columns=["id", name]) for file in manifest(lake)]
    cells: Cells = {}
    for table in tables:
        cells |= zip(table.column("id").to_pylist(), plain(table.column(name)), strict=True)
    return cells


def plain(column: pa.ChunkedArray) -> list[Any]:
    """Return a column of Arrow as text, or as numbers of days or microseconds, or as lists."""
    if pa.types.is_date(column.type):
        column = column.cast(pa.int32())
    elif pa.types.is_timestamp(column.type) or pa.types.is_time(column.type):
        column = column.cast(pa.int64())
    values = column.to_pylist()
    if pa.types.is_binary(column.type):
        return [x if x is None else "\\x" + x.hex() for x in values]
    return [x if x is None or isinstance(x, list) else str(x) for x in values]


def same(conn: psycopg.Connection[Any], place: str, kind: str, name: str, row: int, found: Any) -> bool:
    """Tell whether a value is what the source has."""
    source = f"(select {name} from every where id = {row})"
    if found is None or isinstance(found, list):
        (value,) = conn.execute(f"select {source}").fetchone()
        if kind == "real[]" and place != "postgres":  # as doubles
            value = conn.execute(f"select {source}::float8[]").fetchone()[0]
        # In its lists DuckDB knows no -0.
        return repr(value).replace("-0.0", "0.0") == repr(found).replace("-0.0", "0.0")
    counted = COUNTED.get(kind.split("(")[0].removesuffix(" with time zone"))
    if place in ("parquet", "duckdb") and counted and kind != "time with time zone":
        return conn.execute(f"select {counted.format(source)}").fetchone() == (found,)
    if place == "mysql" and kind.startswith(("numeric", "real", "double", "boolean")) and "[" not in kind:
        # Behind the point it has as many digits as there are, and it knows no -0.
        return bool(conn.execute(f"select {source} = %s::{kind}", [found]).fetchone()[0])
    if place == "mysql" and kind.endswith("[]") and found.startswith("[") and "]=" not in found:
        return conn.execute(f"select to_json({source})::text").fetchone() == (found,)
    again = conn.execute(f"select {source}::text, (%s::text)::{kind}::text", [found]).fetchone()
    return bool(again[0] == again[1])

