"""The server dies in the middle of a backfill, again and again: each row arrives, once."""

from __future__ import annotations

import os
import signal
import threading
import time

import psycopg
import pytest

from pgbacklog import schema
from pgbacklog.backfill import STEP
from pgbacklog.embedded import EmbeddedServer

ROWS, CRASHES = 40_000, 3
# Without a key every row that is copied twice shows.
SETUP = f"""
create table public.src (id int primary key, note text);
insert into public.src select n, 'n' || n from generate_series(1, {ROWS}) as n;
create table public.dst (id int, note text);
select backlog.create_pipeline('p');
select backlog.create_backfill('p', 'src', p_destination => '{{"kind": "table", "table": "dst"}}', p_batch_size => 200);
"""
Conn = psycopg.Connection[tuple[object, ...]]


def connect(server: EmbeddedServer) -> Conn:
    """Connect, however long the server takes to recover."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return psycopg.connect(server.dsn, autocommit=True, connect_timeout=5)
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def work(server: EmbeddedServer, stop: threading.Event) -> None:
    """Step until nothing is left, over as many connections as it takes."""
    while not stop.is_set():
        try:
            with connect(server) as conn:
                while not stop.is_set():
                    row = conn.execute(STEP, [None]).fetchone()
                    assert row is not None
                    if not row[0]["more"]:  # type: ignore[index]
                        return
                    time.sleep(0.001)
        except psycopg.OperationalError:
            time.sleep(0.05)


@pytest.mark.slow
def test_a_backfill_survives_crashes_of_the_server(own_server: EmbeddedServer) -> None:
    schema.migrate(own_server.dsn)
    with connect(own_server) as conn:
        conn.execute(SETUP)
    stop = threading.Event()
    workers = [threading.Thread(target=work, args=(own_server, stop)) for _ in range(2)]
    for each in workers:
        each.start()
    copied = []
    for _ in range(CRASHES):
        time.sleep(0.4)
        with connect(own_server) as conn:
            row = conn.execute("select count(*) from public.dst").fetchone()
            assert row is not None
            copied.append(row[0])
            os.kill(conn.info.backend_pid, signal.SIGKILL)
            with pytest.raises(psycopg.OperationalError):
                for _attempt in range(100):
                    conn.execute("select pg_sleep(0.05)")
    for each in workers:
        each.join(120)
    stop.set()
    # The first crash came before the end, or nothing was proved.
    assert copied[0] < ROWS
    with connect(own_server) as conn:
        states = conn.execute("select state, rows_written from backlog.backfills").fetchall()
        assert states == [("COMPLETED", ROWS)]
        assert conn.execute(
            "(table public.src except all table public.dst) union all (table public.dst except all table public.src)"
        ).fetchall() == []
