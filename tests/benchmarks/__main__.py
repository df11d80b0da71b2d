"""Run the benchmarks: `python -m tests.benchmarks`, usually through `make bench`."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from pgbacklog.embedded import EmbeddedServer
from pgbacklog.server import LIBPQ_VARIABLES

from .report import Results
from .scenarios import SCENARIOS
from .server import Server, UnavailableError
from .settings import Settings, peer_sql_from_environment

EMBEDDED_SETTINGS = {
    "shared_buffers": "1GB",
    "work_mem": "64MB",
    "maintenance_work_mem": "512MB",
    "max_wal_size": "8GB",
    "min_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "max_connections": "200",
    "random_page_cost": "1.1",
    "jit": "off",
    "autovacuum_naptime": "10s",
    "autovacuum_vacuum_cost_delay": "0",
}


def log(text: str) -> None:
    """Show progress without mixing it into the report."""
    click.echo(text, err=True)


@click.command(context_settings={"show_default": True})
@click.option(
    "--scenario",
    "names",
    multiple=True,
    envvar="SCENARIO",
    type=click.Choice(list(SCENARIOS)),
    help="Scenario to run, repeatable; all by default.",
)
@click.option("--rounds", envvar="ROUNDS", default=3, type=click.IntRange(1))
@click.option("--seconds", envvar="SECONDS", default=2.0, help="Length of one measurement.")
@click.option("--rows", envvar="ROWS", type=click.IntRange(10), help="Rows instead of the usual.")
@click.option("--system", "systems", multiple=True, envvar="SYSTEMS", help="Only these systems.")
@click.option(
    "--dsn",
    envvar=["BENCH_DSN", "DATABASE_URL"],
    default="",
    help="Server to measure on; by default libpq's PG* variables.",
)
@click.option(
    "--json",
    "json_path",
    envvar="BENCH_JSON",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to which the results are appended as JSON lines.",
)
def main(
    names: tuple[str, ...],
    rounds: int,
    seconds: float,
    rows: int | None,
    systems: tuple[str, ...],
    dsn: str,
    json_path: Path | None,
) -> None:
    """Measure pgbacklog beside hand-written designs and other packages, in one run."""
    with ExitStack() as stack:
        dsn = stack.enter_context(bench_server(dsn))
        server = stack.enter_context(Server(dsn))
        settings = Settings(
            dsn=dsn,
            rounds=rounds,
            seconds=seconds,
            rows=rows,
            systems=systems,
            peer_sql=peer_sql_from_environment(),
        )
        started = datetime.now(UTC).isoformat(timespec="seconds")
        click.echo(f"# pgbacklog benchmarks, {started}, {rounds} rounds\n")
        for name, value in server.settings().items():
            click.echo(f"- {name}: {value}")
        complete = True
        for name in names or SCENARIOS:
            context = {"at": started, "rounds": rounds}
            results = run_scenario(name, server, settings, context, json_path)
            complete = complete and not {name, "pgbacklog"} & results.not_run.keys()
    sys.exit(0 if complete else 1)


def run_scenario(
    name: str,
    server: Server,
    settings: Settings,
    context: dict[str, object],
    json_path: Path | None,
) -> Results:
    """Run one scenario and print its report."""
    scenario = SCENARIOS[name]
    log(f"{name}: {scenario.summary}")
    results = Results(name, log)
    try:
        scenario.run(server, settings, results)
    except UnavailableError as reason:
        results.skip(name, str(reason))
    # What was measured before a failure, or before Ctrl-C, is still worth reading.
    finally:
        click.echo(results.render(scenario.bars))
        if json_path:
            with json_path.open("a") as file:
                file.writelines(f"{line}\n" for line in results.json_lines(scenario.bars, context))
    return results


@contextmanager
def bench_server(dsn: str) -> Iterator[str]:
    """Yield the address of the server to measure on: the given one, or one started for this run.

    The started one has the settings of a small production server; it keeps its safety (fsync,
    full_page_writes), because a queue's cost is mostly that of its commits.
    """
    if dsn or any(os.environ.get(name) for name in LIBPQ_VARIABLES):
        yield dsn
        return
    folder = Path(tempfile.mkdtemp(prefix="pgbacklog-bench-"))
    folder.chmod(0o711)
    server = EmbeddedServer(base=folder, options=EMBEDDED_SETTINGS)
    try:
        yield server.start()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
