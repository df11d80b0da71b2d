"""Fetched pages when the server crashes between staging and loading."""

from __future__ import annotations

import os
import signal

import psycopg
import pytest

from pgbacklog import schema

from support.listening import eventually, live

HOOKS = """
    import time
    from pgbacklog import Page, fetcher

    @fetcher("numbers")
    def fetch(item):
        n = item.event_data["page"]
        time.sleep(0.05)
        return Page({"number": [{"id": n * 1000 + k, "page": n} for k in range(100)]},
                    next=[{"page": n + 1}] if n < 20 else [])
"""


@pytest.mark.slow
def test_staged_pages_survive_a_crash_of_the_server(own_server, listen) -> None:
    """A crash empties the delta tables; the pages are fetched again and each row is there once."""
    dsn = own_server.dsn
    schema.migrate(dsn)
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("create table number (id int primary key, page int not null)")
        conn.execute("select backlog.create_pipeline('numbers', p_load_delay => 5)")
        conn.execute("select backlog.add_pipeline_table('numbers', 'number', 'append')")
        conn.execute("select backlog.set_retry_policy('*', p_retry_delay_seconds => 0)")
        conn.execute("select backlog.enqueue_fetch('numbers', '{\"page\": 1}')")
        process = listen(HOOKS, "--threads", "2", "--lock-timeout", "3", dsn=dsn)
        staged = "select count(*) from backlog.retry_items where worker_id = 'pipeline:numbers'"
        eventually(lambda: conn.execute(staged).fetchone()[0] >= 4)
    os.kill(own_server.pid, signal.SIGQUIT)  # immediate shutdown: as good as a crash
    eventually(lambda: process.events("connection lost"))
    own_server.stop()
    with psycopg.connect(own_server.start(), autocommit=True) as conn:
        eventually(lambda: live(conn) == 0)
        pages = conn.execute("select page, count(*) from number group by page order by page")
        assert pages.fetchall() == [(n, 100) for n in range(1, 21)]
        received = conn.execute("select sum(received) from backlog.loads").fetchone()[0]
        dead = conn.execute("select count(*) from backlog.dead_letters").fetchone()[0]
    assert received <= 4000  # pages that were fetched again started no second chain to the end
    assert dead == 0
    assert process.process.poll() is None
