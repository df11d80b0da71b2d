"""Run the benchmarks: `python -m tests.benchmarks`, usually through `make bench`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from .report import Results
from .scenarios import SCENARIOS
from .server import Server, UnavailableError
from .settings import Settings, peer_sql_from_environment


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
    server = Server(dsn)
    settings = Settings(
        dsn=dsn,
        rounds=rounds,
        seconds=seconds,
        rows=rows,
        systems=systems,
        peer_sql=peer_sql_from_environment(),
    )
    context = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "rounds": rounds}
    click.echo(f"# pgbacklog benchmarks, {context['at']}, {rounds} rounds\n")
    for name, value in server.settings().items():
        click.echo(f"- {name}: {value}")
    failed = False
    for name in names or SCENARIOS:
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
                    file.writelines(
                        f"{line}\n" for line in results.json_lines(scenario.bars, context)
                    )
        failed = failed or bool({name, "pgbacklog"} & results.not_run.keys())
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
