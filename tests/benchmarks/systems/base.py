"""What a scenario may ask of a queue system that is driven by SQL alone."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from ..server import Connection, Server
from ..settings import PEER_SQL_SOURCES, PEER_SQL_VARIABLES, Settings

Item = tuple[Any, ...]


class QueueSystem(ABC):
    """One queue in a database of its own. Sub-classes say how each step is done."""

    name: ClassVar[str]
    # Tables that a scenario may vacuum between measurements.
    tables: ClassVar[Sequence[str]] = ()
    # The largest backlog that can be built in reasonable time.
    largest_backlog: ClassVar[int] = 10_000_000
    # The folder name under which a shared database is kept; variants of a system share one.
    installed_as: ClassVar[str | None] = None

    def __init__(self, server: Server, settings: Settings) -> None:
        self.server = server
        self.settings = settings
        self.database = f"{settings.database_prefix}{self.installed_as or self.name}"

    def missing(self) -> str | None:
        """Return why this system cannot run here and how to get it, or None."""
        return None

    def connect(self) -> Connection:
        """Connect to this system's database."""
        return self.server.connect(self.database)

    def setup(self) -> None:
        """Make an empty database with the system in it."""
        self.server.recreate(self.database)
        self.install()

    def teardown(self) -> None:
        """Drop the database."""
        self.server.drop(self.database)

    @abstractmethod
    def install(self) -> None:
        """Put the system's objects into the empty database."""

    @abstractmethod
    def single_sql(self) -> str:
        """Return the pgbench script that enqueues one message."""

    @abstractmethod
    def bulk_sql(self) -> str:
        """Return the statement that enqueues the thousand messages of bench_batch."""

    @abstractmethod
    def fill(self, connection: Connection, count: int, batch: int = 100) -> None:
        """Enqueue `count` messages that are due; they will be claimed `batch` at a time."""

    def defer(self, connection: Connection, count: int, seconds: int) -> bool:
        """Enqueue messages due in `seconds`; return False where the system cannot."""
        return False

    @abstractmethod
    def claim(self, connection: Connection, batch: int, worker: str) -> Sequence[Item]:
        """Take up to `batch` messages under a lease."""

    @abstractmethod
    def acknowledge(self, connection: Connection, items: Sequence[Item], worker: str) -> None:
        """Finish what one claim returned."""

    @abstractmethod
    def backlog(self, connection: Connection) -> int:
        """Count the messages that wait."""

    def join(self, connection: Connection, worker: str) -> None:
        """Register a worker, where the system wants to know its workers."""
        return

    def tick(self, connection: Connection) -> None:
        """Do what the system's own clock would do now."""
        return

    def drain(
        self, connection: Connection, batch: int, seconds: float, worker: str
    ) -> tuple[int, float]:
        """Claim and acknowledge until the time is up or nothing is left: items, seconds."""
        done = 0
        started = time.perf_counter()
        while time.perf_counter() - started < seconds:
            items = self.claim(connection, batch, worker)
            if not items:
                break
            self.acknowledge(connection, items, worker)
            done += len(items)
        return done, time.perf_counter() - started

    def vacuum(self, connection: Connection) -> None:
        """Vacuum and analyze the system's tables, so that autovacuum does not do it later."""
        for table in self.tables:
            connection.execute(f"vacuum (analyze) {table}")


class PeerFromFile(QueueSystem):
    """A peer whose SQL the user fetched: its path comes from an environment variable."""

    peer: ClassVar[str]

    def missing(self) -> str | None:
        path = self.settings.peer_sql.get(self.peer)
        variable = PEER_SQL_VARIABLES[self.peer]
        if path is None:
            return f"fetch {PEER_SQL_SOURCES[self.peer]} and set {variable} to its path"
        if not path.is_file():
            return f"{variable} names {path}, which is not a file"
        return None

    def source(self) -> Path:
        """Return the path of the SQL file."""
        return self.settings.peer_sql[self.peer]
