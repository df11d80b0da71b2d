"""plpgsql_check finds no fault with any function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from support.database import Cluster
from support.parts import missing


@pytest.fixture(scope="module")
def conn(cluster: Cluster) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a database with the extension."""
    with cluster.database() as database:
        conn = database.connect(row_factory=psycopg.rows.namedtuple_row)
        available = conn.execute(
            "select from pg_available_extensions where name = 'plpgsql_check'"
        ).fetchone()
        if available is None:
            missing("plpgsql_check is not available on this server; Debian: postgresql-15-plpgsql-check")
        conn.execute("create extension plpgsql_check schema public")
        yield conn


# Loads run SQL over tables that users name, which functions compose from identifiers quoted by
# format('%I'), regclass and predicates that were checked when they were registered. The extension
# cannot see that far. Nobody else runs composed SQL.
RUNS_COMPOSED_SQL = {
    "check_rejects", "check_table_keys", "count_changes", "create_delta", "critical_reason", "critical_reasons",
    "defer_keys", "delete_rows", "judge_deletes", "judge_foreign_keys", "judge_missing", "judge_rows", "judge_unique", "lock_deltas",
    "parse_predicate", "refresh_export", "refresh_pipeline_table", "truncate_delta", "write_changes",
    # Backfills: the same, and queries of members of the owner's role.
    "backfill_conditions", "clear_foreign_rows", "compile_like", "copy_converted", "copy_paged", "copy_rows",
    "copy_rows_singly", "count_rows", "create_target", "delete_unmatched", "estimate_rows", "hold_tables", "last_key", "middle_key",
    "preview_filter", "sample_rows", "unreadable_rows", "watch_table",
}  # fmt: skip

FINDINGS = """
        select p.proname, p.oid::regprocedure::text as name, c.level, c.lineno, c.message, c.detail
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


@pytest.fixture(scope="module")
def findings(conn: psycopg.Connection[Any]) -> list[Any]:
    """Everything that the extension has to say."""
    return conn.execute(FINDINGS).fetchall()


def test_no_function_has_an_error_or_a_warning(findings: list[Any]) -> None:
    assert [tuple(row) for row in findings if row.level != "security"] == []


def test_composed_sql_is_run_only_where_it_is_known_to_be(findings: list[Any]) -> None:
    found = [row for row in findings if row.level == "security"]
    assert [tuple(row) for row in found if row.proname not in RUNS_COMPOSED_SQL] == []
    assert RUNS_COMPOSED_SQL - {row.proname for row in found} == set(), "shorten the list"


# What users' tables are given while a backfill converges.
ON_TABLES_OF_USERS = {"backlog.note_touched_rows()"}


def test_every_trigger_function_has_a_trigger(conn: psycopg.Connection[Any]) -> None:
    found = conn.execute(
        "select p.oid::regprocedure::text as name from pg_proc as p "
        "where p.prorettype = 'trigger'::regtype "
        "and p.pronamespace::regnamespace::text in ('backlog', 'backlog_internal') "
        "and not exists (select from pg_trigger as t where t.tgfoid = p.oid)"
    ).fetchall()
    assert [row.name for row in found if row.name not in ON_TABLES_OF_USERS] == []
