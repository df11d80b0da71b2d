"""Backfills to a table of the same database, step by step."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from support.listening import PATIENCE

ROWS = 5000
SOURCE = f"""
create table public.src (id int primary key, v int, note text) with (autovacuum_enabled = false);
insert into public.src select n, n, 'n' || n from generate_series(1, {ROWS}) as n;
analyze public.src;
create table public.dst (like public.src including all);
select backlog.create_pipeline('p');
"""


def make(conn: psycopg.Connection[Any], **options: Any) -> int:
    """Make a backfill from src to dst."""
    options.setdefault("destination", {"kind": "table", "table": "dst"})
    options.setdefault("batch_size", 100)
    names = ", ".join(f"p_{name} => %s" for name in options)
    values = [Jsonb(each) if isinstance(each, (dict, list)) else each for each in options.values()]
    row = conn.execute(f"select backlog.create_backfill('p', 'src', {names})", values).fetchone()
    assert row is not None
    return int(row[0])


def step(conn: psycopg.Connection[Any], backfill: int) -> dict[str, Any]:
    """Take one step."""
    row = conn.execute("select backlog.run_backfill_step(%s)", [backfill]).fetchone()
    assert row is not None
    return dict(row[0])


def run(conn: psycopg.Connection[Any], backfill: int, seconds: float = PATIENCE) -> Counter[str]:
    """Step until there is nothing more to do; return what was done how often."""
    done: Counter[str] = Counter()
    deadline = time.monotonic() + seconds
    while True:
        answer = step(conn, backfill)
        done[answer["action"]] += 1
        if not answer["more"]:
            return done
        assert time.monotonic() < deadline, answer
        if answer["action"] in ("wait", "retry"):
            time.sleep(0.02)


def state(conn: psycopg.Connection[Any], backfill: int) -> tuple[Any, ...]:
    """Return the state of a backfill and why it has it."""
    row = conn.execute(
        "select state, reason from backlog.backfills where backfill_id = %s", [backfill]
    ).fetchone()
    assert row is not None
    return row


def assert_equal(
    conn: psycopg.Connection[Any], target: str = "public.dst", where: str = "true"
) -> None:
    """Insist that source, or the rows of it that match, and destination have the same rows."""
    source = f"(select * from public.src where {where})"
    difference = conn.execute(
        f"({source} except all table {target}) union all (table {target} except all {source})"
    ).fetchall()
    assert difference == []
