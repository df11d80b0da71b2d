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


# Types that have an order, and values of them as SQL.
TYPES = {
    "int2": ["1", "2", "-3"], "int8": ["9007199254740993", "2", "-3"], "numeric": ["'NaN'", "1.10", "12345678901234567.89"],
    "numeric(4,1)": ["1.1", "-2"], "float4": ["0.1", "'NaN'", "1e30"], "float8": ["0.1", "'-infinity'"], "money": ["1.5"],
    "boolean": ["true", "false"], "text": ["'a'", "''", "'B'", "'b'"], "text collate ci": ["'a'", "'A'", "'b'"],
    'text collate "C"': ["''", r"'A%_\b'", "'\u00e9'", r"E'x\ny'", "''''", "'\"; drop'"], "varchar(3)": ["'abc'", "''"],
    "char(5)": ["'a'", "''", "'ab c'"], "name": ["'a'", "'b'"], "bytea": [r"'\x00ff'", "''"], "cidr": ["'10.0.0.0/8'"],
    "date": ["'2024-01-01'", "'infinity'", "'0044-03-15 BC'"], "time": ["'10:00'", "'24:00'"], "timetz": ["'10:00+02'", "'10:00-03'"],
    "timestamp": ["'2024-01-01 10:00:00.123456'", "'-infinity'"], "timestamptz": ["'2024-01-01 10:00+03'", "'infinity'"],
    "interval": ["'1 mon'", "'30 days'", "'-1 day 02:00'"], "uuid": ["'00000000-0000-0000-0000-000000000001'"],
    "inet": ["'10.0.0.1'", "'10.0.0.0/8'"], "bit(3)": ["B'101'", "B'111'"], "varbit": ["B'1'", "B'10'"],
    "oid": ["1", "4000000000"], "regclass": ["'pg_class'", "'pg_type'"], "pg_lsn": ["'0/1'"], "tsvector": ["'a b'"],
    "jsonb": ["'{\"a\": 1}'", "'\"x\"'", "'[1, null]'", "'5'"], "int[]": ["'{1,2}'", "'{}'", "'{1,null}'"],
    "text[]": [r"array['a', 'b\"c', 'd\e', '{', 'null', null, '']", "'{}'"], "int[][]": ["'{{1,2},{3,4}}'", "'{{1},{2}}'"],
    "text[][]": ["'{{a,b},{c,d}}'", "'{a,b}'"], "mood[]": ["'{sad}'"], "int4range": ["'[1,5)'", "'empty'", "'(,)'"],
    "tstzrange": ["'[2024-01-01,)'"], "int4multirange": ["'{[1,2),[5,6)}'"], "pair": ["row(1, 'a')", "row(null, 'x,y')"],
    "mood": ["'sad'", "'happy'"], "score": ["1", "5"], "score_of_score": ["1", "5"], "ints": ["'{1}'", "'{2,3}'"],
    "span": ["'[1,5)'", "'[0,9)'"], "duo": ["row(1, 'a')", "row(2, 'a')"], "word": ["'a'", "''"],
}  # fmt: skip
# What PostgreSQL can only compare as the type below the domain.
BELOW = {"feeling": ("mood", ["'sad'", "'happy'"])}
UNORDERED = {"json": "'{}'", "xml": "'<a/>'", "point": "'(1,2)'", "json[]": "'{1}'", "document": "row(1, '{}')"}


@pytest.fixture(scope="module")
def typed(cluster: Cluster) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a database with types of every kind."""
    with cluster.database() as database:
        conn = database.connect()
        conn.execute("""
            create type mood as enum ('sad', 'ok', 'happy');
            create domain score as int check (value >= 0);
            create domain score_of_score as score check (value < 1000);
            create domain feeling as mood;
            create domain word as text;
            create domain ints as int[];
            create type pair as (a int, b text);
            create domain span as int4range;
            create domain duo as pair;
            create type document as (a int, b json);
            create collation ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        """)
        yield conn


def compiled(conn: psycopg.Connection[Any], *wanted: Filter) -> str:
    """Return filters of the table t as SQL."""
    row = conn.execute("select backlog_internal.compile_filters('t', %s)", [json.dumps(wanted)]).fetchone()
    assert row is not None
    return str(row[0]).replace("%", "%%")


def with_values(conn: psycopg.Connection[Any], made_of: str, values: list[str]) -> None:
    """Make the table t with a column of a type; the last of its rows has none."""
    conn.execute("drop table if exists t")
    conn.execute(f"create table t (id int generated always as identity, c {made_of})")
    for value in [*values, "null"]:
        conn.execute(f"insert into t (c) values ({value})")


@pytest.mark.parametrize("made_of", [*TYPES, *BELOW])
def test_every_operator_on_every_type(typed: psycopg.Connection[Any], made_of: str) -> None:
    below, values = BELOW.get(made_of) or (None, TYPES[made_of])
    with_values(typed, made_of, values)
    document = f"to_jsonb({'c::mood' if below else 'c'})"
    given = typed.execute(f"select id, c::text, {document} from t where c is distinct from null order by id").fetchall()
    column = f"c::{below}" if below else "c"

    def of(number: int) -> str:
        return f"(select {column.replace('c', 'o.c', 1)} from t as o where o.id = {number})"

    asked: list[tuple[str, Any, str]] = [
        ("IS NULL", None, "c is not distinct from null"), ("IS NOT NULL", None, "c is distinct from null"),
        ("IS DISTINCT FROM", None, "c is distinct from null"), ("IN", [], "false"), ("NOT IN", [], "true"),
    ]  # fmt: skip
    for one, text, fact in given:
        # As text, and where JSON has something like it, as that.
        forms = [fact] if made_of == "jsonb" else [text, fact] if made_of.endswith("[]") else [text]
        for form in forms:
            asked += [
                (operator, form, f"{column} {operator} {of(one)}")
                for operator in ("=", "!=", "<", "<=", ">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM")
            ]
            for other, its_text, its_fact in given:
                pair = [form, its_fact if form is fact else its_text]
                asked += [
                    ("IN", pair, f"({column} = {of(one)} or {column} = {of(other)})"),
                    ("NOT IN", pair, f"({column} <> {of(one)} and {column} <> {of(other)})"),
                    ("BETWEEN", pair, f"({column} >= {of(one)} and {column} <= {of(other)})"),
                ]
    for operator, value, meant in asked:
        where = compiled(typed, {"column": "c", "operator": operator, "value": value})
        found = typed.execute(f"select s.id from t as s where {where} order by 1", ()).fetchall()
        assert found == typed.execute(f"select id from t where {meant} order by 1").fetchall(), (operator, value, where)


@pytest.mark.parametrize("made_of", UNORDERED)
@pytest.mark.parametrize("operator", ["=", "<", "IN", "BETWEEN", "IS DISTINCT FROM"])
def test_what_cannot_be_compared_is_said_before_it_runs(
    typed: psycopg.Connection[Any], made_of: str, operator: str
) -> None:
    with_values(typed, made_of, [UNORDERED[made_of]])
    (text,) = typed.execute("select c::text from t where id = 1").fetchone() or ()
    value = [text, text] if operator in ("IN", "BETWEEN") else text
    with pytest.raises(psycopg.Error, match=r"filter 1 .*cannot be compared") as raised:
        compiled(typed, {"column": "c", "operator": operator, "value": value})
    assert raised.value.sqlstate == "PB305"
    assert compiled(typed, {"column": "c", "operator": "IS NOT NULL"})


def test_patterns_on_a_collation_that_has_none(typed: psycopg.Connection[Any]) -> None:
    with_values(typed, "text collate ci", ["'a'"])
    with pytest.raises(psycopg.Error, match=r"filter 1 .*nondeterministic collations are not supported") as raised:
        compiled(typed, {"column": "c", "operator": "ILIKE", "value": "A%"})
    assert raised.value.sqlstate == "PB305"


def test_a_thousand_filters(typed: psycopg.Connection[Any]) -> None:
    with_values(typed, "int", [str(n) for n in range(1, 6)])
    many = [{"column": "c", "operator": "!=", "value": n} for n in range(3, 1003)]
    found = typed.execute(f"select s.c from t as s where {compiled(typed, *many)} order by 1", ()).fetchall()
    assert found == [(1,), (2,)]


def test_generated_columns_and_partition_keys(typed: psycopg.Connection[Any]) -> None:
    typed.execute("drop table if exists t")
    typed.execute(
        "create table t (id int, twice int generated always as (id * 2) stored) partition by range (id);"
        "create table t_low partition of t for values from (0) to (10);"
        "create table t_high partition of t for values from (10) to (20);"
        "insert into t select generate_series(1, 15)"
    )
    where = compiled(typed, {"column": "twice", "operator": "BETWEEN", "value": [16, 24]},
                     {"column": "id", "operator": ">=", "value": 10})  # fmt: skip
    assert typed.execute(f"select s.id from t as s where {where} order by 1", ()).fetchall() == [(10,), (11,), (12,)]
    plan = str(typed.execute(f"explain select from t as s where {where}", ()).fetchall())
    assert "t_low" not in plan


@pytest.mark.parametrize("wanted", [
    {"column": "c"}, {"operator": "="}, {"column": "c", "op": "=", "value": 1}, {"column": 1, "operator": "=", "value": 1},
    {"column": "c", "operator": "=", "value": 1, "negate": True}, "c = 1", None, 1, [],
    {"column": "c", "operator": "=", "value": {"a": 1}}, {"column": "c", "operator": "=", "value": [1]},
    {"column": "ctid", "operator": "=", "value": "(0,1)"}, {"column": "c\" = 1 or \"c", "operator": "=", "value": 1},
    {"column": "c", "operator": "is null", "value": 1}, {"column": "c", "operator": "BETWEEN", "value": [1, 2, 3]},
])  # fmt: skip
def test_the_filter_at_fault_is_named(typed: psycopg.Connection[Any], wanted: Any) -> None:
    with_values(typed, "int", ["1"])
    with pytest.raises(psycopg.Error, match=r"^filter 2 ") as raised:
        compiled(typed, {"column": "c", "operator": "=", "value": 1}, wanted)
    assert raised.value.sqlstate == "PB305"
    assert raised.value.diag.message_hint
