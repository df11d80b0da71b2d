"""Commands that act on many rows: how the rows are chosen, and how the work goes on."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import click
import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from pgbacklog.cli import connection, json_option, show
from pgbacklog.cli.queue import Rows
from pgbacklog.errors import BacklogError, translated

_CHUNK = 500


def chosen(names: Sequence[str], limit: int = 100) -> Callable[[Any], Any]:
    """Add options that choose rows: by id, by each of the names, or all of them."""
    options = [
        click.option("--id", "ids", type=int, multiple=True, help="Only this one; repeatable."),
        *(click.option(f"--{name}", help=f"Only where the {name} matches.") for name in names),
        click.option("--all", "everything", is_flag=True, help="Without any filter."),
        click.option("--limit", default=limit, type=click.IntRange(1), help="At most."),
        click.option("--dry-run", is_flag=True, help="Only show what would happen."),
        json_option,
    ]

    def add(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def act(
    ctx: click.Context, call: str, args: dict[str, Any], options: dict[str, Any], as_json: bool,
    ids_key: str = "id", id_column: str = "id",
) -> None:  # fmt: skip
    """Call a function on the chosen rows, some hundreds at a time."""
    limit, dry_run = options.pop("limit"), options.pop("dry_run")
    everything, ids = options.pop("everything"), list(options.pop("ids"))
    wanted = {key: value for key, value in (options | {ids_key: ids}).items() if value}
    if not wanted and not everything:
        raise BacklogError("nothing is chosen", "Give a filter, or --all.")
    names = ["p_filter", "p_limit", "p_dry_run", *args]
    named = ", ".join(f"{name} => %({name})s" for name in names)
    statement = f"select * from backlog.{call}({named})"  # noqa: S608 - names of our own

    def run(conn: psycopg.Connection[Any], which: dict[str, Any], dry: bool) -> Rows:
        values = {**args, "p_filter": Jsonb(which), "p_limit": limit, "p_dry_run": dry}
        return conn.cursor(row_factory=dict_row).execute(statement, values).fetchall()

    with connection(ctx) as conn, translated():
        rows = run(conn, wanted, True)
        if not dry_run:
            found, rows = [row[id_column] for row in rows], []
            with click.progressbar(length=len(found), file=sys.stderr) as bar:
                for start in range(0, len(found), _CHUNK):
                    rows += run(conn, {ids_key: found[start : start + _CHUNK]}, False)
                    bar.update(_CHUNK)
    if as_json or dry_run:
        show(rows, as_json, "none match")
    else:
        counts = Counter(row["outcome"] for row in rows)
        click.echo(", ".join(f"{number} {outcome}" for outcome, number in counts.items()) or "none")
