"""Commands on many rows: how they are chosen, how the work goes on, how they are shown."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click
import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from pgbacklog.cli import connection, json_option, show
from pgbacklog.errors import BacklogError

Rows = list[dict[str, Any]]
_CHUNK = 500


def query(statement: str, params: Sequence[object] | Mapping[str, object] = ()) -> Rows:
    """Run one statement and return its rows by column name."""
    with connection(click.get_current_context()) as conn:
        return conn.cursor(row_factory=dict_row).execute(statement, params).fetchall()


def show_wide(rows: Rows, name: str) -> None:
    """Print rows of many columns side by side: a line for each fact, headed by the rows' names."""
    facts = [key for key in rows[0] if key != name and any(row[key] is not None for row in rows)]
    lines = [{name: key.replace("_", " "), **{str(r[name]): r[key] for r in rows}} for key in facts]
    show(lines, as_json=False)


def _with(command: Any, options: Sequence[Callable[[Any], Any]]) -> Any:
    for option in reversed([*options, json_option]):
        command = option(command)
    return command


def _filters(names: Sequence[str]) -> list[Callable[[Any], Any]]:
    return [click.option(f"--{name}", help=f"Only where the {name} matches.") for name in names]


def add_list(group: click.Group, statement: str, names: Sequence[str], text: str) -> None:
    """Add the command `list`; the statement finds its options' values under their names."""

    def run(as_json: bool, **values: object) -> None:
        show(query(statement, values), as_json, "nothing found")

    limit = click.option("--limit", default=50, type=click.IntRange(1), help="At most.")
    group.command("list", help=text)(_with(run, [*_filters(names), limit]))


def chosen(names: Sequence[str], limit: int = 100) -> Callable[[Any], Any]:
    """Add options that choose rows: by id, by each of the names, or all of them."""
    options = [
        click.option("--id", "ids", type=int, multiple=True, help="Only this one; repeatable."),
        *_filters(names),
        click.option("--all", "everything", is_flag=True, help="Without any filter."),
        click.option("--limit", default=limit, type=click.IntRange(1), help="At most."),
        click.option("--dry-run", is_flag=True, help="Only show what would happen."),
    ]
    return lambda command: _with(command, options)


def act(call: str, ids_key: str, id_column: str, options: dict[str, Any], **args: object) -> None:
    """Call a function on the chosen rows, some hundreds at a time."""
    limit, dry_run, as_json = (options.pop(name) for name in ("limit", "dry_run", "as_json"))
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

    with connection(click.get_current_context()) as conn:
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
