"""Commands for everyday work: status, load, enqueue."""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from time import monotonic
from typing import Any

import click
from psycopg.rows import dict_row

from pgbacklog.cli import connection, json_option, show
from pgbacklog.cli.selection import Rows, query, show_wide
from pgbacklog.errors import BacklogError, LoadBusyError, LoadRefusedError, translated

BUSY = 5
_BULK = 5000


def parsed(text: str) -> Any:
    """Return the value of a JSON text; raises BacklogError."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise BacklogError(f"not JSON: {error}", "Quote it for the shell: '{\"a\": 1}'.") from None


@contextmanager
def working(what: str) -> Iterator[None]:
    """Show on a terminal that a long statement is still running."""
    started, done = monotonic(), threading.Event()

    def tell() -> None:
        while sys.stderr.isatty() and not done.wait(1):
            click.echo(f"\r{what}: {monotonic() - started:.0f} s\r", nl=False, err=True)

    threading.Thread(target=tell, daemon=True).start()
    try:
        yield
    finally:
        done.set()


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Show what waits, what failed and why, what was done, and what needs attention."""
    report = query("select backlog.status_report() as report")[0]["report"]
    if as_json:
        return click.echo(json.dumps(report, indent=2))
    errors = report["retry"].pop("errors")
    show_wide([{"retry": "items", **report["retry"]}], "retry")
    copies = report["backfills"]
    for title, rows in (
        ("errors", errors), ("backfills", copies["live"]), ("failed backfills", copies["failures"]),
        ("alerts", report["alerts"]),
    ):
        if rows:
            click.secho(f"\n{title}", bold=True)
            show(rows, as_json=False)
    if report["pipelines"]:
        click.echo()
        show_wide(report["pipelines"], "pipeline")
    return None


@click.command(epilog="Exit status: 5 when another load of the pipeline is running.")
@click.argument("pipeline")
@click.option("--preview", is_flag=True, help="Count what a load would do, and change nothing.")
@json_option
def load(pipeline: str, preview: bool, as_json: bool) -> None:
    """Move a pipeline's staged rows to its stable tables, all or nothing."""
    call = "preview_load(%s) as preview" if preview else "load_pipeline(%s)"
    try:
        with working(f"loading {pipeline}"), translated():
            (row,) = query(f"select * from backlog.{call}", [pipeline])  # noqa: S608
    except LoadBusyError as error:
        click.echo(f"busy: {error}\nhint: {error.hint}", err=True)
        sys.exit(BUSY)
    row = row.get("preview", row)
    if as_json:
        show([row], as_json)
    elif preview:
        show_wide(row["tables"], "table_name")
        click.echo()
        show(row["problems"], as_json, "no problems")
    else:
        show_wide([{"pipeline": pipeline, **row}], "pipeline")
    if text := row.get("error"):
        raise LoadRefusedError(text, "See: pgbacklog quarantine list", row["error_code"])


@click.command()
@click.argument("event_type")
@click.argument("data", default="{}")
@click.option("--channel", "channel_name", help="Target of the work; own lane and breaker.")
@click.option("--priority", type=click.IntRange(1, 10), help="Higher goes first.  [default: 5]")
@click.option("--run-at", metavar="TIME", help="Not before, as PostgreSQL reads time stamps.")
@click.option("--max-retries", type=click.IntRange(0), help="Instead of the policy's.")
@click.option("--correlation-id", help="Ties the item to other work.")
@click.option("--dedupe-key", help="At most one live item has it.")
@click.option("--tag", "tags", multiple=True, help="Free label; repeatable.")
@json_option
@click.pass_context
def enqueue(
    ctx: click.Context, /, event_type: str, data: str, as_json: bool, **options: Any
) -> None:
    """Add work: DATA is one JSON document, or - for one per line of standard input."""
    common = {key: value for key, value in options.items() if value} | {"event_type": event_type}
    lines = (line for line in sys.stdin if line.strip()) if data == "-" else iter([data])
    counts: Counter[str] = Counter()
    results: Rows = []
    with connection(ctx) as conn:
        cursor = conn.cursor(row_factory=dict_row)
        while chunk := list(islice(lines, _BULK)):
            items = json.dumps([{**common, "event_data": parsed(line)} for line in chunk])
            rows = cursor.execute(
                "select id, event_id, outcome from backlog.enqueue_retry_items(%s, 'skip')", [items]
            ).fetchall()
            counts.update(row["outcome"] for row in rows)
            results += rows if as_json or data != "-" else []
            if data == "-" and sys.stderr.isatty():
                click.echo(f"\r{counts.total()} items\r", nl=False, err=True)
    if results or as_json:
        show(results, as_json)
    else:
        click.echo(", ".join(f"{number} {outcome}" for outcome, number in counts.items()) or "none")
