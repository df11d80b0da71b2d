"""The database in which the demo's hooks keep their audit: make it, read it, lose a part of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

_TABLES = """
create table commit_log (
  idempotency_key text primary key, table_name text, record_count int, committed_at text
);
create table table_stats (
  table_name text primary key, record_count int, last_commit_time text
);
create table row_log (idempotency_key text primary key, table_name text, record_key text);
create table failure_log (
  idempotency_key text, table_name text, error_code text, record_count int,
  primary key (idempotency_key, error_code)
);
create table alarm (idempotency_key text primary key, record text, error text);
"""
_SETTINGS = """
[connections.audit]
url = "sqlite:///{path}"

[pipelines.flights_demo]
auxiliary = ["audit"]
"""


@dataclass(frozen=True, slots=True)
class AuditLog:
    """A SQLite file in the demo's folder, and the configuration that names it for listeners."""

    folder: Path

    @property
    def path(self) -> Path:
        """The database."""
        return self.folder / "audit.sqlite"

    @property
    def settings(self) -> Path:
        """The configuration file."""
        return self.folder / "pgbacklog.toml"

    def make(self) -> None:
        """Make the empty database and the configuration."""
        with self._open() as conn:
            # A reader is in nobody's way, and nothing here has to survive a power cut.
            conn.execute("pragma journal_mode = wal")
            conn.executescript(_TABLES)
        self.settings.write_text(_SETTINGS.format(path=self.path), encoding="utf-8")

    def commits(self) -> tuple[int, dict[str, int]]:
        """Return the number of commits noted, and the rows by table as their statistics say."""
        with self._open() as conn:
            (count,) = conn.execute("select count(*) from commit_log").fetchone()
            rows = conn.execute("select table_name, record_count from table_stats").fetchall()
            return count, dict(rows)

    def noted_rows(self) -> int:
        """Return how many rows were noted one by one."""
        with self._open() as conn:
            (count,) = conn.execute("select count(*) from row_log").fetchone()
            return int(count)

    def failures(self) -> dict[str, int]:
        """Return how many records failed, by error code."""
        with self._open() as conn:
            rows = conn.execute(
                "select error_code, sum(record_count) from failure_log group by 1 order by 2 desc"
            )
            return dict(rows.fetchall())

    def alarms(self) -> list[tuple[str, str]]:
        """Return the records that raised an alarm, with their errors."""
        with self._open() as conn:
            return conn.execute("select record, error from alarm").fetchall()

    def lose_half(self) -> int:
        """Delete every second commit, as if by mistake; return how many."""
        with self._open() as conn:
            lost = conn.execute("delete from commit_log where rowid % 2 = 0").rowcount
            conn.execute("delete from table_stats")
            conn.execute(
                "insert into table_stats select table_name, sum(record_count), max(committed_at) "
                "from commit_log group by 1"
            )
            return lost

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path)) as conn, conn:
            yield conn
