"""The server dies while pages are staged and loaded: no row is lost, none is loaded twice."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator

import psycopg
import pytest

from pgbacklog import schema
from pgbacklog.embedded import EmbeddedServer

from support.crashing import connect, crash

PAGES, SIZE = 30, 50
SETUP = """
create table public.page (page int primary key, note text);
-- Without a key every load of a row shows: a page that is loaded twice is doubled.
create table public.line (page int not null references public.page, n int not null);
select backlog.create_pipeline('flow', p_load_delay => 0);
select backlog.add_pipeline_table('flow', 'public.page');
select backlog.add_pipeline_table('flow', 'public.line', 'append');
select backlog.set_retry_policy('fetch.flow', p_max_retries => 1000, p_retry_delay_seconds => 0);
"""
Conn = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def crashing(own_server: EmbeddedServer) -> Iterator[EmbeddedServer]:
    """A server of its own with a pipeline of two tables."""
    schema.migrate(own_server.dsn)
    with psycopg.connect(own_server.dsn, autocommit=True) as conn:
        conn.execute(SETUP)
    yield own_server


def value(conn: Conn, query: str) -> object:
    """Return the only value of a query."""
    row = conn.execute(query).fetchone()
    assert row is not None
    return row[0]


def stage(conn: Conn, lease_seconds: int = 300) -> int:
    """Lease a page and stage it; return how many pages that were."""
    items = conn.execute(
        "select id, lock_token, (event_data ->> 'page')::int"
        " from backlog.acquire_retry_items('w', 1, %s, '{fetch.flow}')",
        [lease_seconds],
    ).fetchall()
    for item, token, page in items:
        lines = json.dumps([{"page": page, "n": n} for n in range(SIZE)])
        conn.execute("select backlog.stage_rows('flow', 'line', %s, %s, %s)", [lines, item, token])
        pages = json.dumps([{"page": page, "note": "x"}])
        conn.execute("select backlog.stage_rows('flow', 'page', %s, %s, %s)", [pages, item, token])
        conn.execute("select backlog.stage_retry_item('flow', %s, null, %s)", [item, token])
    return len(items)


def enqueue(conn: Conn, pages: int) -> None:
    """Ask for pages."""
    conn.execute(
        "select backlog.enqueue_fetch('flow', jsonb_build_object('page', g)) from generate_series(1, %s) as g",
        [pages],
    )


def test_a_crash_between_staging_and_load_gives_the_items_back(crashing: EmbeddedServer) -> None:
    """The load after the crash loads nothing, not even half a page, and the pages come back."""
    with connect(crashing) as conn:
        enqueue(conn, 3)
        assert [stage(conn), stage(conn)] == [1, 1]
    crash(crashing)
    with connect(crashing) as conn:
        assert value(conn, "select count(*) from public.delta_line") == 0
        assert value(conn, "select outcome from backlog.load_pipeline('flow')") == "empty"
        assert value(conn, "select count(*) from backlog.retry_items where status = 'pending'") == 3
        while stage(conn):
            pass
        assert value(conn, "select items_completed from backlog.load_pipeline('flow')") == 3
        assert value(conn, "select count(*) from public.line") == 3 * SIZE


def test_a_crash_in_the_middle_of_a_page_is_noticed(crashing: EmbeddedServer) -> None:
    """A worker that goes on staging after the crash is told that the first part is gone."""
    with connect(crashing) as conn:
        enqueue(conn, 1)
        row = conn.execute("select id, lock_token from backlog.acquire_retry_items('w')").fetchone()
        assert row is not None
        conn.execute("select backlog.stage_rows('flow', 'page', '[{\"page\": 1}]', %s, %s)", row)
    crash(crashing)
    with connect(crashing) as conn:
        for call in (
            "select backlog.stage_rows('flow', 'line', '[{\"page\": 1, \"n\": 1}]', %s, %s)",
            "select backlog.stage_retry_item('flow', %s, null, %s)",
        ):
            with pytest.raises(psycopg.Error) as caught:
                conn.execute(call, row)
            assert caught.value.sqlstate == "PB001"
        assert value(conn, "select outcome from backlog.load_pipeline('flow')") == "empty"


def test_the_tick_gives_items_back_without_a_load(crashing: EmbeddedServer) -> None:
    """Nobody has to load to find out."""
    with connect(crashing) as conn:
        enqueue(conn, 1)
        stage(conn)
    crash(crashing)
    with connect(crashing) as conn:
        conn.execute("select backlog.tick()")
        assert value(conn, "select status from backlog.retry_items") == "pending"


def test_logged_delta_tables_keep_copied_rows_through_a_crash(crashing: EmbeddedServer) -> None:
    """p_logged is for rows that nobody can fetch again."""
    with connect(crashing) as conn:
        conn.execute("create table public.kept (id int primary key)")
        conn.execute("select backlog.add_pipeline_table('flow', 'public.kept', p_logged => true)")
        conn.execute("insert into public.delta_kept values (1)")
        conn.execute("insert into public.delta_page values (1)")
    crash(crashing)
    with connect(crashing) as conn:
        assert value(conn, "select inserted from backlog.load_pipeline('flow')") == 1
        assert value(conn, "select count(*) from public.kept") == 1


def test_crashes_at_any_moment_lose_and_double_nothing(crashing: EmbeddedServer) -> None:
    """Workers and loads are cut off again and again; in the end each page is there exactly once."""
    with connect(crashing) as conn:
        enqueue(conn, PAGES)
    finished = threading.Event()

    def keep_crashing() -> None:
        chance = random.Random(1)
        for _ in range(6):
            time.sleep(chance.uniform(0.05, 0.6))
            if finished.is_set():
                return
            crash(crashing)

    killer = threading.Thread(target=keep_crashing)
    killer.start()
    deadline = time.monotonic() + 120
    try:
        while time.monotonic() < deadline:
            try:
                with connect(crashing) as conn:
                    while time.monotonic() < deadline:
                        for _ in range(4):
                            stage(conn, lease_seconds=1)
                        conn.execute("select backlog.load_pipeline('flow')")
                        conn.execute("select backlog.tick()")
                        if value(conn, "select count(*) from backlog.retry_items") == 0 and not killer.is_alive():
                            return
            except psycopg.Error as error:
                # A lost connection, or a page of which a crash took a part.
                assert isinstance(error, psycopg.OperationalError) or error.sqlstate == "PB001", error
    finally:
        finished.set()
        killer.join()
        with connect(crashing) as conn:
            assert value(conn, "select count(*) from backlog.dead_letters") == 0
            assert value(conn, "select count(*) from backlog.retry_items") == 0
            assert value(conn, "select count(*) from public.page") == PAGES
            assert value(conn, "select count(*) from public.line") == PAGES * SIZE
            assert value(conn, "select count(distinct (page, n)) from public.line") == PAGES * SIZE
            completed = "select count(*) from backlog.retry_history where outcome = 'completed'"
            assert value(conn, completed) == PAGES
