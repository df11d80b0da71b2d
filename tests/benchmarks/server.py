"""Databases of the bench server: connect, create, drop, and drive with pgbench."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from .settings import find_pgbench

Connection = psycopg.Connection[tuple[Any, ...]]

REPORTED_SETTINGS = (
    "server_version",
    "shared_buffers",
    "fsync",
    "synchronous_commit",
    "wal_compression",
    "max_wal_size",
    "checkpoint_timeout",
    "work_mem",
    "autovacuum_naptime",
    "jit",
)


def backend_cpu_seconds(connection: Connection) -> float | None:
    """Return the processor time that the connection's backend has used so far.

    None where it cannot be known: the server is elsewhere, or this is not Linux. Unlike the time on
    the clock it hardly changes when something else keeps the machine busy.
    """
    process = Path(f"/proc/{connection.info.backend_pid}")
    try:
        if not (process / "comm").read_text().startswith("postgres"):
            return None
        return int((process / "schedstat").read_text().split()[0]) / 1e9
    except (OSError, ValueError, IndexError):
        return None


class UnavailableError(Exception):
    """Something this machine lacks; the message says how to get it."""


class Server:
    """One PostgreSQL server on which every system gets a database of its own."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self._templates: set[str] = set()

    def __enter__(self) -> Server:
        """Do nothing yet: connections are opened when needed."""
        return self

    def __exit__(self, *_: object) -> None:
        """Drop the templates that were built."""
        for name in self._templates:
            self.drop(name)
        self._templates.clear()

    def template(self, name: str, build: Callable[[str], None]) -> str:
        """Return the name of a database that `build` was called for once, to make copies of."""
        if name not in self._templates:
            self.recreate(name)
            self._templates.add(name)
            build(name)
        return name

    def dsn_of(self, database: str) -> str:
        """Return the connection string of one database."""
        return make_conninfo(self.dsn, dbname=database)

    def url_of(self, database: str, *, tcp: bool = False, password: str | None = None) -> str:
        """Return the same as a URL; `tcp` names localhost instead of a socket folder."""
        parts = self.parameters(database)
        user = quote(parts["user"]) + (f":{quote(password)}" if password else "")
        host, port = parts["host"], parts["port"]
        if not host.startswith("/"):
            return f"postgresql://{user}@{host}:{port}/{database}"
        if tcp:
            return f"postgresql://{user}@127.0.0.1:{port}/{database}"
        return f"postgresql://{user}@/{database}?{urlencode({'host': host, 'port': port})}"

    def parameters(self, database: str) -> dict[str, str]:
        """Return host, port and user as the server itself was reached."""
        given = conninfo_to_dict(self.dsn)
        with self.connect("postgres") as connection:
            info = connection.info
            return {
                "host": str(given.get("host") or info.host or "localhost"),
                "port": str(info.port),
                "user": info.user,
                "dbname": database,
            }

    def connect(self, database: str, *, autocommit: bool = True) -> Connection:
        """Open a connection that prepares a statement at its second use."""
        return psycopg.connect(self.dsn_of(database), autocommit=autocommit, prepare_threshold=1)

    def recreate(self, database: str, template: str | None = None) -> None:
        """Drop the database if it is there, and create it anew."""
        self.drop(database)
        create = sql.SQL("create database {}").format(sql.Identifier(database))
        if template:
            create += sql.SQL(" template {} ").format(sql.Identifier(template))
        with self.connect("postgres") as connection:
            if template and connection.info.server_version >= 150000:
                create += sql.SQL("strategy file_copy")
            connection.execute(create)

    def drop(self, database: str) -> None:
        """Drop the database with whoever is connected to it."""
        with self.connect("postgres") as connection:
            connection.execute(
                sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(database))
            )

    def checkpoint(self) -> None:
        """Write everything out, so that the next measurement does not pay for the last."""
        with self.connect("postgres") as connection:
            connection.execute("checkpoint")

    def run_file(self, database: str, path: Path) -> None:
        """Run a file of SQL commands in one transaction."""
        with self.connect(database) as connection, connection.transaction():
            # Without parameters psycopg sends the text as it is, as many commands as it holds.
            connection.execute(path.read_bytes())

    def settings(self) -> dict[str, str]:
        """Return the server settings that decide what the figures mean."""
        with self.connect("postgres") as connection:
            rows = connection.execute(
                "select name, current_setting(name) from pg_settings where name = any(%s)",
                (list(REPORTED_SETTINGS),),
            ).fetchall()
        return {str(name): str(value) for name, value in rows}

    def pgbench(
        self, database: str, script: str, clients: int = 1, seconds: float = 2.0, rate: float = 0
    ) -> float:
        """Run one script with prepared statements, and return transactions per second.

        pgbench counts time in whole seconds; less than one means a few transactions. With a `rate`
        it begins that many per second, or fewer if it cannot keep up.

        Raises UnavailableError when pgbench is not installed.
        """
        pgbench = find_pgbench()
        if pgbench is None:
            raise UnavailableError(
                "pgbench is missing: install PostgreSQL's contrib, or set PGBENCH"
            )
        with tempfile.NamedTemporaryFile("w", suffix=".pgbench") as file:
            file.write(script)
            file.flush()
            command = [
                pgbench,
                "--no-vacuum",
                "--protocol=prepared",
                f"--client={clients}",
                f"--jobs={min(clients, 2)}",
                "--transactions=20" if seconds < 1 else f"--time={round(seconds)}",
                *([f"--rate={rate:g}"] if rate else []),
                f"--file={file.name}",
                self.dsn_of(database),
            ]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        found = re.search(r"tps = ([\d.]+) \(without", done.stdout)
        if done.returncode or not found:
            raise RuntimeError(f"pgbench failed: {done.stdout[-300:]} {done.stderr[-800:]}")
        return float(found.group(1))
