"""Commands for everyday work: status, load, enqueue."""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from time import monotonic
from typing import Any

import click
from psycopg.rows import dict_row

from pgbacklog.cli import connection, json_option, show
from pgbacklog.errors import BacklogError, LoadBusyError, LoadRefusedError, translated

BUSY = 5
_BULK = 5000

Rows = list[dict[str, Any]]


def query(ctx: click.Context, statement: str, params: Sequence[object] = ()) -> Rows:
    """Run one statement and return its rows by column name."""
    with connection(ctx) as conn, translated():
        cursor = conn.cursor(row_factory=dict_row)
        return cursor.execute(statement, params).fetchall()


def parsed(text: str) -> Any:
    """Return the value of a JSON text; raises BacklogError."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise BacklogError(f"not JSON: {error}", "Quote it for the shell: '{\"a\": 1}'.") from None


def show_wide(rows: Rows, name: str) -> None:
    """Print rows of many columns side by side: a line for each fact, headed by the rows' names."""
    facts = [key for key in rows[0] if key != name and any(row[key] is not None for row in rows)]
    lines = [{name: key.replace("_", " "), **{str(r[name]): r[key] for r in rows}} for key in facts]
    show(lines, as_json=False)


def _plain_facts(facts: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in facts.items() if not isinstance(value, list)}


@contextmanager
def working(what: str) -> Iterator[None]:
    """Show on a terminal that a long statement is still running."""
    if not sys.stderr.isatty():
        yield
        return
    done, started = threading.Event(), monotonic()

    def tell() -> None:
        while not done.wait(1):
            click.echo(f"\r{what}: {monotonic() - started:.0f} s", nl=False, err=True)

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()
        click.echo("\r\033[K", nl=False, err=True)


@click.command()
@json_option
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Show what waits, what failed and why, what was done, and what needs attention."""
    report = query(ctx, "select backlog.status_report() as report")[0]["report"]
    if as_json:
        click.echo(json.dumps(report, indent=2))
        return
    show_wide([{"retry": "items", **_plain_facts(report["retry"])}], "retry")
    for title, rows in (("errors", report["retry"]["errors"]), ("alerts", report["alerts"])):
        if rows:
            click.secho(f"\n{title}", bold=True)
            show(rows, as_json=False)
    if report["pipelines"]:
        click.echo()
        show_wide(report["pipelines"], "pipeline")


@click.command(epilog="Exit status: 5 when another load of the pipeline is running.")
@click.argument("pipeline")
@click.option("--preview", is_flag=True, help="Count what a load would do, and change nothing.")
@json_option
@click.pass_context
def load(ctx: click.Context, pipeline: str, preview: bool, as_json: bool) -> None:
    """Move a pipeline's staged rows to its stable tables, all or nothing."""
    try:
        with working(f"loading {pipeline}"):
            call = "preview_load(%s) as preview" if preview else "load_pipeline(%s)"
            rows = query(ctx, f"select * from backlog.{call}", [pipeline])  # noqa: S608
    except LoadBusyError as error:
        click.echo(f"busy: {error}\nhint: {error.hint}", err=True)
        sys.exit(BUSY)
    if as_json:
        show([rows[0]["preview"]] if preview else rows, as_json)
    elif preview:
        show_wide(rows[0]["preview"]["tables"], "table_name")
        click.echo()
        show(rows[0]["preview"]["problems"], as_json, "no problems")
    else:
        show_wide([{"pipeline": pipeline, **rows[0]}], "pipeline")
    if text := rows[0].get("error"):
        raise LoadRefusedError(text, "See: pgbacklog quarantine list", rows[0]["error_code"])


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
    ctx: click.Context, /, event_type: str, data: str, as_json: bool, tags: tuple[str, ...],
    **options: Any,
) -> None:  # fmt: skip
    """Add work: DATA is one JSON document, or - for one per line of standard input."""
    common = {key: value for key, value in options.items() if value is not None}
    common |= {"event_type": event_type} | ({"tags": list(tags)} if tags else {})
    lines = (line for line in sys.stdin if line.strip()) if data == "-" else iter([data])
    counts: Counter[str] = Counter()
    results: Rows = []
    with connection(ctx) as conn, translated():
        while chunk := list(islice(lines, _BULK)):
            items = [{**common, "event_data": parsed(line)} for line in chunk]
            rows = conn.cursor(row_factory=dict_row).execute(
                "select id, event_id, outcome from backlog.enqueue_retry_items(%s, 'skip')",
                [json.dumps(items)],
            ).fetchall()
            counts.update(row["outcome"] for row in rows)
            if data == "-" and sys.stderr.isatty():
                click.echo(f"\r{counts.total()} items", nl=False, err=True)
            results += rows if as_json or data != "-" else []
    if results or as_json:
        show(results, as_json)
    else:
        click.echo(", ".join(f"{number} {outcome}" for outcome, number in counts.items()) or "none")
