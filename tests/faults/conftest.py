"""Listeners for tests that hurt them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.database import Database
from support.listening import ListenerProcess
from support.parts import MariaDatabase, MariaDB

Listen = Callable[..., ListenerProcess]


@pytest.fixture
def listen(db: Database, tmp_path: Path) -> Iterator[Listen]:
    """Start a listener process: `listen(hooks, *options)`; ends with the test."""
    started: list[ListenerProcess] = []

    def start(hooks: str, *options: str, dsn: str | None = None) -> ListenerProcess:
        started.append(ListenerProcess(dsn or db.dsn, tmp_path, hooks, *options))
        return started[-1].ready()

    yield start
    for process in started:
        process.close()


@pytest.fixture(scope="module")
def durable_mariadb() -> Iterator[MariaDB]:
    """A MariaDB server to be killed, which has after that what was committed before."""
    server = MariaDB(durable=True)
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
def mortal_db(durable_mariadb: MariaDB) -> Iterator[MariaDatabase]:
    """A fresh database on it."""
    with durable_mariadb.database() as database:
        yield database
