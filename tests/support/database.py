"""Databases for tests: a template with the schema, and throw-away copies of it."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pgbacklog import schema

SUPPORT = Path(__file__).parent
PREFIX = "pgbacklog_test"
# A database older than this was left behind by a run that was killed.
ABANDONED_AFTER = 6 * 3600


class Database:
    """One database of a test; closes its connections when the test ends."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self._connections: list[psycopg.Connection[Any]] = []

    def connect(self, **options: Any) -> psycopg.Connection[Any]:
        """Open a connection of its own; autocommit unless told otherwise."""
        options.setdefault("autocommit", True)
        conn = psycopg.connect(self.dsn, **options)
        self._connections.append(conn)
        return conn

    @property
    def name(self) -> str:
        """The database's name."""
        return str(psycopg.conninfo.conninfo_to_dict(self.dsn)["dbname"])

    def close(self) -> None:
        """Close every connection that was opened here."""
        for conn in self._connections:
            conn.close()


class Cluster:
    """A server that tests make databases on."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self._numbers = itertools.count(1)
        self._stem = f"{PREFIX}_{int(time.time())}_{os.getpid()}"
        self._admin = psycopg.connect(dsn, autocommit=True)
        self.template: str | None = None
        self._scratch: str | None = None

    def make(self, template: str | None = None, name: str | None = None) -> str:
        """Create a database and return its address."""
        name = name or f"{self._stem}_{next(self._numbers)}"
        command = sql.SQL("create database {} template {}").format(
            sql.Identifier(name), sql.Identifier(template or "template0")
        )
        self._retry(command)
        return make_conninfo(self.dsn, dbname=name)

    def drop(self, dsn: str) -> None:
        """Drop a database, whoever is still connected to it."""
        name = str(psycopg.conninfo.conninfo_to_dict(dsn)["dbname"])
        self._retry(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    def _retry(self, command: sql.Composed) -> None:
        # A template is "being accessed" while another worker copies it or autovacuum visits it.
        for attempt in range(50):
            try:
                self._admin.execute(command)
            except psycopg.errors.ObjectInUse:
                if attempt == 49:
                    raise
                time.sleep(0.1)
            else:
                return

    def make_template(self) -> str:
        """Create the database that tests copy: the schema, the fake clock and the assertions."""
        dsn = self.make(name=f"{self._stem}_template")
        schema.migrate(dsn)
        with psycopg.connect(dsn, autocommit=True) as conn:
            for script in ("fake_clock.sql", "tap.sql"):
                conn.execute((SUPPORT / script).read_bytes())
        self.template = str(psycopg.conninfo.conninfo_to_dict(dsn)["dbname"])
        return dsn

    def scratch(self) -> str:
        """Return the address of a copy of the template for scripts that undo all that they do.

        They cannot undo how far sequences have come, so they had better not run in the template.
        """
        if self._scratch is None:
            self._scratch = self.make(self.template)
        return self._scratch

    def drop_abandoned(self) -> None:
        """Drop what killed runs left behind."""
        for (name,) in self._admin.execute(
            "select datname from pg_database where datname ~ %s", [f"^{PREFIX}_[0-9]+_"]
        ).fetchall():
            if int(name.split("_")[2]) < time.time() - ABANDONED_AFTER:
                self._retry(
                    sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
                )

    def close(self) -> None:
        """Drop the template and let go of the server."""
        if self._scratch is not None:
            self.drop(self._scratch)
        if self.template is not None:
            self.drop(make_conninfo(self.dsn, dbname=self.template))
        self._admin.close()

    @contextmanager
    def database(self, template: str | None = None) -> Iterator[Database]:
        """Yield a fresh database: a copy of the template, or of another, or empty ("template0")."""
        database = Database(self.make(template or self.template))
        try:
            yield database
        finally:
            database.close()
            self.drop(database.dsn)
