"""Filters mean what their operators mean: compiled SQL against an evaluation in Python, on any values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.database import Cluster

TEXTS = st.text(st.sampled_from("aAbB%_\\'\"; é\n"), max_size=4)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "number": st.integers(-3, 3),
    "name": TEXTS,
    "price": st.decimals(-2, 2, places=1),
    "day": st.dates(date(2023, 12, 30), date(2024, 1, 3)),
    "flag": st.booleans(),
}
ROWS = st.lists(
    st.fixed_dictionaries({column: st.none() | values for column, values in VALUES.items()}),
    min_size=1, max_size=12,
)
Filter = dict[str, Any]


@st.composite
def filters(draw: st.DrawFn) -> Filter:
    """Draw a filter that fits its column."""
    column = draw(st.sampled_from(sorted(VALUES)))
    operators = ["=", "!=", "<>", ">", "<", ">=", "<=", "IS NULL", "IS NOT NULL", "IN", "NOT IN",
                 "BETWEEN", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"]
    if column == "name":
        operators += ["LIKE", "ILIKE"]
    operator = draw(st.sampled_from(operators))
    value: Any
    if operator in ("IS NULL", "IS NOT NULL"):
        return {"column": column, "operator": operator}
    if operator in ("LIKE", "ILIKE"):
        value = draw(TEXTS.filter(lambda text: not re.search(r"(^|[^\\])(\\\\)*\\$", text)))
    elif operator in ("IN", "NOT IN"):
        value = draw(st.lists(VALUES[column], max_size=4))
    elif operator == "BETWEEN":
        value = [draw(VALUES[column]), draw(VALUES[column])]
    elif operator.startswith("IS "):
        value = draw(st.none() | VALUES[column])
    else:
        value = draw(VALUES[column])
    if draw(st.booleans()):
        operator = operator.lower()
    return {"column": column, "operator": operator, "value": value}


def like(text: str, pattern: str, flags: int) -> bool:
    """Match as LIKE does: % for anything, _ for one character, a backslash takes what follows literally."""
    parts = re.findall(r"\\.|.", pattern, re.S)
    wild = {"%": ".*", "_": "."}
    regex = "".join(wild.get(part) or re.escape(part[-1]) for part in parts)
    return re.fullmatch(regex, text, re.S | flags) is not None


def holds(row: dict[str, Any], wanted: Filter) -> bool:
    """Evaluate a filter as SQL would: unknown is not true."""
    have, operator, value = row[wanted["column"]], wanted["operator"].upper(), wanted.get("value")
    if operator == "IS NULL":
        return have is None
    if operator == "IS NOT NULL":
        return have is not None
    if operator == "IS DISTINCT FROM":
        return bool(have != value)
    if operator == "IS NOT DISTINCT FROM":
        return bool(have == value)
    if operator == "NOT IN" and not value:
        return True
    if have is None:
        return False
    if operator in ("LIKE", "ILIKE"):
        return like(have, value, re.I if operator == "ILIKE" else 0)
    return bool({
        "=": lambda: have == value, "!=": lambda: have != value, "<>": lambda: have != value,
        ">": lambda: have > value, "<": lambda: have < value,
        ">=": lambda: have >= value, "<=": lambda: have <= value,
        "IN": lambda: have in value, "NOT IN": lambda: have not in value,
        "BETWEEN": lambda: value[0] <= have <= value[1],
    }[operator]())


def plain(value: Any) -> Any:
    """Write a value as JSON has it."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    return str(value) if isinstance(value, (date, Decimal)) else value


@pytest.fixture(scope="module")
def conn(cluster: Cluster) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a database with a table of every kind of column."""
    with cluster.database() as database:
        conn = database.connect()
        conn.execute(
            'create table public.t (place int primary key, number int, name text collate "C", '
            "price numeric(4, 1), day date, flag boolean)"
        )
        yield conn


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=ROWS, wanted=st.lists(filters(), max_size=4))
def test_filters_choose_the_rows_that_python_chooses(
    conn: psycopg.Connection[Any], rows: list[dict[str, Any]], wanted: list[Filter]
) -> None:
    conn.execute("truncate public.t")
    with conn.cursor() as cursor:
        cursor.executemany(
            "insert into public.t values (%s, %s, %s, %s, %s, %s)",
            [(place, *(row[c] for c in ("number", "name", "price", "day", "flag")))
             for place, row in enumerate(rows)],
        )
    document = json.dumps([{**each, "value": plain(each["value"])} if "value" in each else each
                           for each in wanted])
    row = conn.execute(
        "select coalesce(backlog_internal.compile_filters('public.t', %s), 'true')", [document]
    ).fetchone()
    assert row is not None
    # Beside an "or", as beside the bounds of a chunk: nothing may leak out of the parentheses.
    found = conn.execute(
        f"select s.place from public.t as s where (false or {row[0].replace('%', '%%')}) order by 1", ()
    ).fetchall()
    assert [place for (place,) in found] == [
        place for place, each in enumerate(rows) if all(holds(each, one) for one in wanted)
    ]
