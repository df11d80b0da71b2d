"""The server dies in the middle of a backfill, again and again: each row arrives, once."""

from __future__ import annotations

import random
import threading
import time

import psycopg
import pytest

from pgbacklog import schema
from pgbacklog.embedded import EmbeddedServer

from support.crashing import Turnstile, connect, crash
from support.listening import PATIENCE, eventually

ROWS, CRASHES = 40_000, 3
# Without a key every row that is copied twice shows.
SETUP = f"""
create table public.src (id int primary key, note text);
insert into public.src select n, 'n' || n from generate_series(1, {ROWS}) as n;
create table public.dst (id int, note text);
select backlog.create_pipeline('p');
select backlog.create_backfill('p', 'src', p_destination => '{{"kind": "table", "table": "dst"}}', p_batch_size => 200);
"""


def work(server: EmbeddedServer, stop: threading.Event) -> None:
    """Step until nothing is left, over as many connections as it takes."""
    while not stop.is_set():
        try:
            with connect(server) as conn:
                while not stop.is_set():
                    row = conn.execute("select backlog.run_backfill_step()").fetchone()
                    assert row is not None
                    if not row[0]["more"]:
                        return
                    time.sleep(0.001)
        except psycopg.OperationalError:
            time.sleep(0.05)


@pytest.mark.slow
def test_a_backfill_survives_crashes_of_the_server(own_server: EmbeddedServer) -> None:
    schema.migrate(own_server.dsn)
    with connect(own_server) as conn:
        conn.execute(SETUP)
        turnstile = Turnstile(conn, "public.dst", ROWS // 5)
    stop, chance = threading.Event(), random.Random(3)
    workers = [threading.Thread(target=work, args=(own_server, stop)) for _ in range(2)]
    for each in workers:
        each.start()
    try:
        for crashes in range(1, CRASHES + 1):
            with connect(own_server) as conn:
                eventually(lambda: turnstile.reached(conn))
                turnstile.turn(conn, ROWS // 5 * (crashes + 1))
            time.sleep(chance.uniform(0, 0.05))
            crash(own_server)
        with connect(own_server) as conn:
            turnstile.turn(conn, ROWS)
        for each in workers:
            each.join(PATIENCE)
    finally:
        stop.set()
    with connect(own_server) as conn:
        states = conn.execute("select state, rows_written from backlog.backfills").fetchall()
        assert states == [("COMPLETED", ROWS)]
        assert conn.execute(
            "(table public.src except all table public.dst) union all (table public.dst except all table public.src)"
        ).fetchall() == []
