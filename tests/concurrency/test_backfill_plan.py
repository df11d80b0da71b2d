"""Planning reads statistics and one end of an index, whatever the size of the table; chunks come out even."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from support.database import Cluster

ROWS = 2_000_000
# Measured: 310, most of them in the catalog.
GUARD_BUFFERS = 1_000


@pytest.fixture(scope="module")
def conn(cluster: Cluster) -> Iterator[psycopg.Connection[Any]]:
    """A table of two million rows, most of whose keys crowd at the lower end."""
    with cluster.database() as database:
        conn = database.connect()
        conn.execute("set synchronous_commit = off")
        conn.execute(
            f"""
            create table public.skewed as
            select case when n % 10 = 0 then n * 1000::bigint else n::bigint end as id, n % 7 as kind
            from generate_series(1, {ROWS}) as n
            """
        )
        conn.execute("alter table public.skewed add primary key (id)")
        conn.execute("vacuum (analyze) public.skewed")
        conn.execute("select backlog.create_pipeline('p')")
        conn.execute("create table public.copy (like public.skewed including all)")
        conn.execute(
            """
            select backlog.create_backfill('p', 'skewed',
              p_destination => '{"kind": "table", "table": "copy"}', p_start => false)
            """
        )
        yield conn


PLAN = """
explain (analyze, buffers, format json)
select backlog_internal.plan_chunks(b) from backlog_internal.backfill as b limit 1
"""


@pytest.mark.slow
def test_planning_reads_next_to_nothing(conn: psycopg.Connection[Any]) -> None:
    """The table has ten thousand pages, and its index half as many."""
    buffers = []
    for _ in range(3):  # the first one fills the catalog's caches
        row = conn.execute(PLAN).fetchone()
        assert row is not None
        top = (row[0] if isinstance(row[0], list) else json.loads(row[0]))[0]
        buffers.append(top["Plan"]["Shared Hit Blocks"] + top["Plan"]["Shared Read Blocks"])
    assert min(buffers) < GUARD_BUFFERS, buffers


@pytest.mark.slow
def test_planned_chunks_hold_equally_many_rows(conn: psycopg.Connection[Any]) -> None:
    """However the keys are spread; uniform ranges of them would not."""
    sizes = [
        size
        for (size,) in conn.execute(
            """
            select (select count(*) from public.skewed as s
              where (c.lower_key is null or s.id > c.lower_key[1]::bigint)
                and s.id <= c.upper_key[1]::bigint)
            from backlog.backfill_chunks as c
            """
        )
    ]
    assert sum(sizes) == ROWS
    assert len(sizes) >= 8
    assert max(sizes) < 1.5 * ROWS / len(sizes)
