"""Listeners for tests of the client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pgbacklog.cli import main

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


@pytest.fixture
def cli(db: Database):
    """Run a command: `cli("retry", "list")`."""

    def run(*arguments: object, input: str | None = None) -> Result:  # noqa: A002
        result = CliRunner().invoke(main, ["--dsn", db.dsn, *map(str, arguments)], input=input)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        return result

    return run
