"""While a backfill runs, vacuum can remove what the retry queue has done with: no step stays open for long."""

from __future__ import annotations

import re
import statistics
import threading
from typing import Any

import psycopg
import pytest

from support.database import Database
from support.stepping import SOURCE, assert_equal, make, run, state

# Two steps under way at a time, each with a few statements. Measured: up to 25, and more for a moment when the machine
# lets one of the two wait while the other goes on. What a long transaction holds back grows until it ends.
GUARD_KEPT = 100
TABLES = ("retry_ready", "retry_item", "retry_lease", "backfill_chunk")


def kept(conn: psycopg.Connection[Any]) -> tuple[int, int]:
    """Vacuum the queue's tables; return how many dead rows were removed, and how many had to stay."""
    told: list[str] = []
    handler = lambda notice: told.append(notice.message_primary or "")  # noqa: E731
    conn.add_notice_handler(handler)
    for table in TABLES:
        conn.execute(f"vacuum (verbose, index_cleanup off, truncate off, process_toast off) backlog_internal.{table}")
    conn.remove_notice_handler(handler)
    text = "\n".join(told)
    removed = re.findall(r"tuples: (\d+) removed, \d+ remain, (\d+) are dead but not yet removable", text)
    assert len(removed) == len(TABLES), text
    return sum(int(x) for x, _ in removed), sum(int(x) for _, x in removed)


@pytest.fixture
def conn(db: Database) -> psycopg.Connection[Any]:
    """A session on a database with a table to copy, whose queue is vacuumed by this test only."""
    conn = db.connect()
    conn.execute("set lc_messages = 'C'")
    conn.execute(SOURCE)
    for table in TABLES:
        conn.execute(f"alter table backlog_internal.{table} set (autovacuum_enabled = false)")
    return conn


def test_the_queue_is_vacuumed_meanwhile(db: Database, conn: psycopg.Connection[Any]) -> None:
    backfill = make(conn, batch_size=10)
    workers = [threading.Thread(target=run, args=(db.connect(), backfill)) for _ in range(2)]
    for each in workers:
        each.start()
    found = []
    while any(each.is_alive() for each in workers):
        found.append(kept(conn))
    for each in workers:
        each.join()
    assert state(conn, backfill) == ("COMPLETED", None)
    assert_equal(conn)
    assert statistics.median(stayed for _, stayed in found) < GUARD_KEPT
    assert sum(removed for removed, _ in found) > 1000
    # What is measured here would show a transaction that stays open.
    again = make(conn, batch_size=10)
    held = db.connect(autocommit=False)
    held.execute("set transaction isolation level repeatable read")
    held.execute("select 1")
    run(conn, again)
    assert kept(conn)[1] > GUARD_KEPT * 5
