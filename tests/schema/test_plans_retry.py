"""What a claim reads does not grow with what waits: counted in buffers, on a large backlog.

The guards are about twice what was measured, so that they notice a plan that changed its kind and not
one that reads a page more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from statistics import median
from typing import Any

import psycopg
import pytest

from support.database import Cluster, Database

DEFERRED = 1_000_000
# Buffers, as measured: four or five for each lane and priority that is not paused, and five per item.
GUARD_CLAIM = 5_000
GUARD_EMPTY = 6_300
GUARD_OWN = 750
GUARD_LANES = 2_800
GUARD_IDLE_LANES = 51_000
LANES = 200
# Items that wait for a later retry: every lane and priority, run_at from a minute to a day ahead.
BACKOFF = """
with item as (
  insert into backlog_internal.retry_item
    (lane_id, priority, run_at, created_at, retry_count, event_data)
  select l.lane_id, 1 + n %% 10, now() + interval '1 minute' + n * interval '80 ms', now(), 1, '{}'
  from (select lane_id, row_number() over (order by lane_id) - 1 as place
    from backlog_internal.retry_lane where event_type like 'type%%') as l
  join generate_series(1, %(rows)s) as n on n / 10 %% %(lanes)s = l.place
  returning lane_id, priority, run_at, id
)
insert into backlog_internal.retry_ready (lane_id, priority, run_at, id)
select i.lane_id, i.priority, i.run_at, i.id from item as i
"""
LANE = """
select count(backlog_internal.ensure_lane('type' || n / 10, 'channel' || n %% 10, p))
from generate_series(0, %(lanes)s - 1) as n, generate_series(1, 10) as p
"""
ACQUIRE = "select id, lock_token from backlog.acquire_retry_items('w', 100)"


def plan(conn: psycopg.Connection[Any], query: str) -> tuple[int, int]:
    """Run a query and return how many rows it gave and how many buffers it touched."""
    row = conn.execute(f"explain (analyze, buffers, timing off, format json) {query}").fetchone()
    top = (row[0] if isinstance(row[0], list) else json.loads(row[0]))[0]["Plan"]
    return int(top["Actual Rows"]), top["Shared Hit Blocks"] + top["Shared Read Blocks"]


def scans(conn: psycopg.Connection[Any]) -> dict[str, tuple[int, int]]:
    """Return sequential scans and rows read by them, of the hot tables."""
    conn.execute("select pg_stat_force_next_flush()")
    return {
        name: (count, rows)
        for name, count, rows in conn.execute(
            "select relname, seq_scan, seq_tup_read from pg_stat_user_tables "
            "where relname in ('retry_ready', 'retry_item', 'retry_lane', 'retry_mark')"
        )
    }


@pytest.fixture(scope="module")
def large(cluster: Cluster) -> Iterator[Database]:
    """A queue with a million rows in backoff, at ten priorities of 200 lanes, half of them paused."""
    with cluster.database() as database:
        conn = database.connect()
        conn.execute("set synchronous_commit = off")
        conn.execute(LANE, {"lanes": LANES})
        conn.execute(BACKOFF, {"rows": DEFERRED, "lanes": LANES})
        for number in range(0, LANES // 10, 2):
            conn.execute("select backlog.pause_event_type(%s)", [f"type{number}"])
        conn.execute("vacuum (analyze) backlog_internal.retry_item")
        conn.execute("vacuum (analyze) backlog_internal.retry_ready")
        conn.execute("vacuum (analyze) backlog_internal.retry_lane")
        conn.execute("vacuum (analyze) backlog_internal.retry_mark")
        yield database


def add_due(conn: psycopg.Connection[Any], event_type: str, count: int) -> None:
    """Enqueue items that are due at once."""
    conn.execute(
        "select count(*) from backlog.enqueue_retry_batch(%s, "
        "(select jsonb_agg(n) from generate_series(1, %s) as n))", [event_type, count]
    )  # fmt: skip


def complete(conn: psycopg.Connection[Any]) -> None:
    """Complete all that is under lease."""
    conn.execute(
        "select backlog_internal.finish_lease(token, null, now()) "
        "from (select distinct token from backlog_internal.retry_lease) as s"
    )


@pytest.mark.slow
def test_a_claim_reads_little_of_a_million_rows_in_backoff(large: Database) -> None:
    """100 items: their own pages, and one probe for every lane and priority that is not paused."""
    conn = large.connect()
    add_due(conn, "due", 500)
    conn.execute(ACQUIRE)  # plans and catalog caches
    before = scans(conn)
    seen = [plan(conn, ACQUIRE) for _ in range(3)]
    assert [rows for rows, _ in seen] == [100] * 3
    assert max(buffers for _, buffers in seen) < 2 * GUARD_CLAIM, seen
    assert scans(conn) == before, "a sequential scan of a hot table"
    complete(conn)


@pytest.mark.slow
def test_an_empty_claim_reads_little_of_a_million_rows_in_backoff(large: Database) -> None:
    """Idle workers that poll cost a probe for every lane and priority."""
    conn = large.connect()
    while conn.execute(ACQUIRE).fetchall():
        pass
    complete(conn)
    seen = [plan(conn, ACQUIRE) for _ in range(5)]
    assert [rows for rows, _ in seen] == [0] * 5
    # The median, because one empty claim in a hundred also sweeps below the marks.
    assert median(buffers for _, buffers in seen) < 2 * GUARD_EMPTY, seen


@pytest.mark.slow
def test_a_claim_of_one_event_type_reads_only_its_lanes(large: Database) -> None:
    """A worker that names its event types does not look at the others' lanes."""
    conn = large.connect()
    add_due(conn, "own", 300)
    own = "select id from backlog.acquire_retry_items('w', 100, 300, array['own'])"
    conn.execute(own)
    rows, buffers = plan(conn, own)
    assert rows == 100
    assert buffers < 2 * GUARD_OWN
    complete(conn)


@pytest.mark.slow
def test_a_claim_does_not_read_more_under_a_held_snapshot(large: Database) -> None:
    """Dead rows that a long transaction keeps from being vacuumed are not walked over."""
    conn, holder = large.connect(), large.connect()
    holder.execute("begin isolation level repeatable read")
    holder.execute("select count(*) from backlog_internal.retry_lease")
    claim = "select id from backlog.acquire_retry_items('w', 1000, 300, array['held'])"
    add_due(conn, "held", 52_000)
    small = "select id from backlog.acquire_retry_items('w', 100, 300, array['held'])"
    conn.execute(small)
    _, fresh = plan(conn, small)
    for _ in range(50):
        assert len(conn.execute(claim).fetchall()) == 1000
        complete(conn)
    seen = [plan(conn, small) for _ in range(5)]
    holder.execute("rollback")
    assert [rows for rows, _ in seen] == [100] * 5
    worst = max(buffers for _, buffers in seen)
    # Without the low-water mark it would be tens of thousands: one for each dead row.
    assert worst < 3 * fresh + 500, (fresh, seen)
    complete(conn)


@pytest.mark.slow
def test_ten_thousand_lanes(db: Database) -> None:
    """With all lanes due a claim looks at as many as it serves; no lane waits for ever."""
    conn = db.connect()
    conn.execute(
        "select count(*) from backlog.enqueue_retry_items((select jsonb_agg(jsonb_build_object("
        "'event_type', 'many', 'channel_name', 'c' || n)) from generate_series(1, 10000) as n))"
    )
    conn.execute("vacuum (analyze) backlog_internal.retry_ready")
    conn.execute("vacuum (analyze) backlog_internal.retry_lane")
    conn.execute("vacuum (analyze) backlog_internal.retry_mark")
    conn.execute(ACQUIRE)
    seen = [plan(conn, ACQUIRE) for _ in range(5)]
    assert [rows for rows, _ in seen] == [100] * 5
    assert max(buffers for _, buffers in seen) < 2 * GUARD_LANES, seen
    firsts = conn.execute("select min(lane_id), max(lane_id) from backlog_internal.retry_lease").fetchone()
    assert firsts[1] - firsts[0] > 2000, "claims begin anywhere, so that none is always first"
    claim = "select count(*) from backlog.acquire_retry_items('w', 1000)"
    total = 600
    while got := conn.execute(claim).fetchone()[0]:
        total += got
    assert total == 10_000
    rows, buffers = plan(conn, ACQUIRE)
    assert rows == 0
    assert buffers < 2 * GUARD_IDLE_LANES
