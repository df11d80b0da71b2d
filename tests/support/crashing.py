"""What tests share that kill workers, sources and destinations of backfills."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from pgbacklog.embedded import EmbeddedServer

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


def kill_server(server: EmbeddedServer) -> None:
    """Kill a server with its children; its supervisor starts it again."""
    pid = server.pid
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    for each in [pid, *map(int, found.stdout.split())]:
        try:
            os.kill(each, signal.SIGKILL)
        except ProcessLookupError:
            continue
