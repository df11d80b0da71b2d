"""Listeners for tests that hurt them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.database import Database
from support.listening import ListenerProcess

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
