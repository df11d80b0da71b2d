"""Servers for tests that hurt them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.parts import MariaDatabase, MariaDB


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
