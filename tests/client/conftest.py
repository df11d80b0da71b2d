"""Commands and destinations for tests of the client."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pgbacklog.cli import main

from support.database import Database
from support.places import PLACES, Place


@pytest.fixture
def place(
    request: pytest.FixtureRequest, db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Place:
    """The destination named by the test's parameter."""
    monkeypatch.setenv("PGBACKLOG_FILES", str(tmp_path))
    return PLACES[request.param](db, tmp_path, request.getfixturevalue)


@pytest.fixture
def cli(db: Database):
    """Run a command: `cli("retry", "list")`."""

    def run(*arguments: object, input: str | None = None) -> Result:  # noqa: A002
        result = CliRunner().invoke(main, ["--dsn", db.dsn, *map(str, arguments)], input=input)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        return result

    return run
