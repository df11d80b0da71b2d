"""Sessions for the tests of two and more."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from support.database import Cluster, Database
from support.sessions import Session, empty_queue


@pytest.fixture(scope="module")
def queue_db(cluster: Cluster) -> Iterator[Database]:
    """A database for all tests of a module."""
    with cluster.database() as database:
        yield database


@pytest.fixture
def session(queue_db: Database) -> Iterator[Callable[..., Session]]:
    """Open sessions on an empty queue: `session(now=None)`; they end with the test."""
    empty_queue(queue_db)
    opened: list[Session] = []

    def open_one(now: str | None = None) -> Session:
        opened.append(Session(queue_db, now))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()
