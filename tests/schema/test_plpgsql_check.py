"""plpgsql_check finds no fault with any function."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from support.database import Cluster


@pytest.fixture(scope="module")
def conn(cluster: Cluster) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a database with the extension."""
    with cluster.database() as database:
        conn = database.connect(row_factory=psycopg.rows.namedtuple_row)
        available = conn.execute(
            "select from pg_available_extensions where name = 'plpgsql_check'"
        ).fetchone()
        if available is None:
            if os.environ.get("CI") == "true":
                pytest.fail("plpgsql_check is not available on this server")
            pytest.skip("plpgsql_check is not available on this server")
        conn.execute("create extension plpgsql_check schema public")
        yield conn


def test_no_function_has_an_error_or_a_warning(conn: psycopg.Connection[Any]) -> None:
    found = conn.execute(
        """
        select p.oid::regprocedure::text as name, c.level, c.lineno, c.message, c.detail
        from pg_proc as p
        join pg_language as l on l.oid = p.prolang and l.lanname = 'plpgsql'
        cross join lateral public.plpgsql_check_function_tb(
          p.oid,
          relid => coalesce((
            select t.tgrelid
            from pg_trigger as t
            where t.tgfoid = p.oid and not t.tgisinternal
            limit 1
          ), 0),
          fatal_errors => false, extra_warnings => true, performance_warnings => false,
          security_warnings => true
        ) as c
        where p.pronamespace::regnamespace::text in ('backlog', 'backlog_internal')
          -- A trigger function without a trigger cannot be checked, and must not exist.
          and (p.prorettype <> 'trigger'::regtype or exists (
            select from pg_trigger as t where t.tgfoid = p.oid))
        order by 1, 3
        """
    ).fetchall()
    assert [tuple(row) for row in found] == []


def test_every_trigger_function_has_a_trigger(conn: psycopg.Connection[Any]) -> None:
    found = conn.execute(
        "select p.oid::regprocedure::text as name from pg_proc as p "
        "where p.prorettype = 'trigger'::regtype "
        "and p.pronamespace::regnamespace::text in ('backlog', 'backlog_internal') "
        "and not exists (select from pg_trigger as t where t.tgfoid = p.oid)"
    ).fetchall()
    assert [row.name for row in found] == []
