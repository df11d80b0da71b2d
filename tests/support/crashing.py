"""What tests share that kill workers, sources and destinations of backfills."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgbacklog.embedded import EmbeddedServer

from support.backfilling import state
from support.listening import eventually

ROWS = 8000
# A listener must have something to call.
IDLE = """
    from pgbacklog import handler

    @handler("nothing.of.this.kind")
    def rest(item):
        pass
"""
# Threads, and a lease that another worker takes soon after a death.
OPTIONS = ("--lock-timeout", "3", "--threads", "2")


def prepare(conn: psycopg.Connection[Any], rows: int = ROWS) -> psycopg.Connection[Any]:
    """Make the table orders, and let chunks survive many crashes."""
    conn.execute("select backlog.create_pipeline('shop')")
    conn.execute("create table orders (id int primary key, region text not null, note text)")
    conn.execute(
        "insert into orders select i, (array['eu', 'us'])[1 + i %% 2], md5(i::text) from generate_series(1, %s) as i",
        [rows],
    )
    conn.execute("analyze orders")
    for kind in ("deadly", "halting", "postgres", "mysql", "parquet", "duckdb"):
        conn.execute(
            "select backlog.set_retry_policy('backfill.' || %s, p_max_retries => 200, p_retry_delay_seconds => 0,"
            " p_breaker_cooldown_seconds => 1)",
            [kind],
        )
    return conn


def source(conn: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    """Return the rows that must arrive."""
    return conn.execute("select id, region, note from orders order by id").fetchall()


def unless_locked(ask: Callable[[str], Any], query: str) -> Any:
    """Ask, or return nothing while another process has the file."""
    import duckdb

    try:
        return ask(query)
    except duckdb.IOException:
        return None


def connections(folder: Path, **urls: str) -> None:
    """Write the configuration of connections."""
    lines = [f'[connections.{name}]\nurl = "{address}"' for name, address in urls.items()]
    (folder / "pgbacklog.toml").write_text("\n".join(lines))


def reachable(dsn: str) -> psycopg.Connection[Any] | None:
    """Return a connection, or nothing while the server is away."""
    try:
        return psycopg.connect(dsn, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError:
        return None


def connect(server: EmbeddedServer) -> psycopg.Connection[Any]:
    """Connect, however long the server takes to recover."""
    return eventually(lambda: reachable(server.dsn))


def crash(server: EmbeddedServer) -> None:
    """Kill a backend: the server takes all others down and empties what is not logged.

    It is another session that tells when: the one that is killed is gone before the server knows, and whoever
    connects between the two is let in, and thrown out again a moment later.
    """
    with connect(server) as other, connect(server) as conn:
        os.kill(conn.info.backend_pid, signal.SIGKILL)
        with pytest.raises(psycopg.OperationalError):
            for _ in range(12_000):
                other.execute("select pg_sleep(0.01)")


class Turnstile:
    """Lets so many rows into a table, and no more until it is turned: whoever writes the next ones has to wait.

    So that a backfill is under way for as long as a test wants, however fast the machine is. It survives crashes.
    """

    def __init__(self, conn: psycopg.Connection[Any], table: str, rows: int) -> None:
        self.table, self.rows = table, rows
        conn.execute("create table public.turnstile as select %s::int as rows", [rows])
        conn.execute(
            f"""
            create function public.wait_for_turn() returns trigger language plpgsql as $$
            begin
              while (select count(*) from {table}) > (select t.rows from public.turnstile as t) loop
                perform pg_sleep(0.02);
              end loop;
              return null;
            end
            $$
            """
        )
        conn.execute(
            f"create trigger turnstile after insert on {table} for each statement"
            " execute function public.wait_for_turn()"
        )

    def reached(self, conn: psycopg.Connection[Any]) -> bool:
        """Tell whether somebody waits there, with all others that may come in being in."""
        return bool(conn.execute(
            "select exists (select from pg_stat_activity as a where a.datname = current_database()"
            " and a.wait_event = 'PgSleep')"
        ).fetchone()[0])

    def turn(self, conn: psycopg.Connection[Any], rows: int) -> None:
        """Let more rows in."""
        conn.execute("update public.turnstile set rows = %s", [rows])


def kill_server(server: EmbeddedServer) -> None:
    """Kill a server with its children; its supervisor starts it again."""
    pid = server.pid
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    for each in [pid, *map(int, found.stdout.split())]:
        try:
            os.kill(each, signal.SIGKILL)
        except ProcessLookupError:
            continue


def ended(dsn: str, made: int) -> dict[str, Any]:
    """Wait for the end of a backfill, whatever the servers do."""

    def look() -> dict[str, Any] | None:
        conn = reachable(dsn)
        if conn is None:
            return None
        with closing(conn):
            found = state(conn, made)
        return found if found["state"] in ("COMPLETED", "FAILED") else None

    return eventually(look)
