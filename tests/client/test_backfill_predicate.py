"""Conditions in SQL: what is understood is handed on, what is not on the lists is refused."""

from __future__ import annotations

import pytest

from pgbacklog.errors import InvalidArgumentError
from pgbacklog.predicate import checked

from support.database import Database

COLUMNS = {"id", "region", "amount", "ts", "doc", "Weird Col", "tags"}


@pytest.mark.parametrize("text", [
    "id > 5 and region in ('eu', 'us')", "lower(region) like 'e%' or amount is null",
    "ts >= timestamp '2026-01-01' - interval '1 day'", "doc->>'k' = 'v;--'", '"Weird Col" = 1',
    "amount between 1 and 2 and not (id = any(array[1,2]))", "coalesce(amount,0)::numeric > 1.5",
    "region is distinct from 'x'", "true", "case when id=1 then true else false end", "amount % 2 = 0",
    "date_trunc('day', ts) = date '2026-01-01'", "region !~ '^a'", "tags && array['a']",
    "extract(year from ts) = 2026", "nullif(region, '') is null", "id = 1 or id = 2",
    "region like '10!%' escape '!'", "date_trunc('day', ts at time zone 'UTC') = timestamp '2026-01-01'",
    "position('a' in region) > 0", "doc #>> '{a,b}' = 'x'", "doc ?| array['a']", "cardinality(tags) > 1",
    r"region ~ '^\d'", "region = 'o''k'", "region not ilike all (array['a', 'b'])",
])  # fmt: skip
def test_plain_conditions_pass(text: str) -> None:
    again = checked(text, COLUMNS)
    assert checked(again, COLUMNS) == again


@pytest.mark.parametrize("text", [
    "1=1; drop table t", "1=1) union select 1 from pg_user where (1=1", "1=1) or (1=1",
    "1=1) and (2=2", "not 1=1) or (not 2=2", "id in (select 1)", "exists(select 1)",
    "pg_sleep(10) is null", "generate_series(1,2)=1", "1=1 -- x", "1=1 /* x */", "1=1) group by (1",
    "1=1) for update; select (1", "public.evil(id)", "t.id = 1", "secret=1", "ctid is not null",
    "* is null", "(t).* is null", "1=1) limit 1 offset (0", "id = $1", "count(*) > 1",
    "sum(id) over () > 1", "id operator(pg_catalog.=) 1", "'pg_class'::regclass is not null",
    "id::public.evil = 1", "current_user = 'x'", "current_setting('x') is null", "row(1,2) = row(1,2)",
    "id = all(values (1))", "(1=1", "1=1)", "", "  ", "region collate \"C\" = 'x'",
    "xmlparse(document 'x') is not null", "array(select 1) is not null", "id=1\x00", "a" * 5000,
    "1=1 into x", "lower(distinct region)='x'", "lower(variadic array['x'])='x'",
    "1=1) window w as (", "merge_action() is null", "U&'\\0061' = region or pg_read_file('x') is null",
    "lo_import('x') = 1", "id = 1 " + "or id = 1 " * 300,
])  # fmt: skip
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgumentError, match="cannot be used"):
        checked(text, COLUMNS)


def test_without_columns_the_database_judges_the_names() -> None:
    assert checked("nobody_knows = 1") == "nobody_knows = 1"


def test_what_passes_means_the_same_to_the_database(db: Database) -> None:
    conditions = [
        "id > 1 and region like '10!%' escape '!'", "date_trunc('day', ts at time zone 'UTC') = timestamp '2026-01-01'",
        "position('a' in region) > 0", "doc #>> '{a,b}' = 'x'", r"region ~ '^\d'", "not (id = 1 or id = 2) and true",
        "id % 2 = 0 or region is null and id between 2 and 3", "case when id = 1 then region end = '10%'",
        "-id < -2", "id = any (array[1, 3])", "coalesce(doc ->> 'k', '') = ''", "id - 1 - 1 = 0", "region is distinct from 'a'",
    ]  # fmt: skip
    with db.connect() as conn:
        conn.execute("create table public.t (id int, region text, ts timestamptz, doc jsonb)")
        conn.execute(
            """insert into public.t values
            (1, '10%', '2026-01-01 12:00+00', '{"a": {"b": "x"}}'), (2, 'a', '2026-01-02', null), (3, null, null, '{"k": 1}')"""
        )
        for condition in conditions:
            ((fenced,),) = conn.execute(
                "select backlog_internal.define_predicate('public.t', %s, 'postgres')", [checked(condition)]
            ).fetchall()
            found = conn.execute(f"select id from public.t where {fenced.replace('%', '%%')} order by 1", ()).fetchall()
            plain = conn.execute(
                f"select id from public.t where {condition.replace('%', '%%')} order by 1", ()
            ).fetchall()
            assert found == plain, condition
