"""Commands for refused rows."""

from __future__ import annotations

from typing import Any

import click
from psycopg.types.json import Jsonb

from pgbacklog.cli import json_option, show
from pgbacklog.cli.queue import parsed
from pgbacklog.cli.selection import act, add_list, chosen, query, show_wide
from pgbacklog.errors import BacklogError

_FILTERS = ["pipeline", "table", "rule", "constraint", "column", "value", "state"]
_LIST = """
select q.quarantine_id, q.pipeline, q.table_name, q.state, q.rule, q.column_name, q.value, q.message
from backlog.quarantine as q
where q.pipeline = coalesce(%(pipeline)s, q.pipeline)
  and q.table_name = coalesce(%(table)s, q.table_name)
  and q.rule is not distinct from coalesce(%(rule)s, q.rule)
  and (q.state = %(state)s
    or %(state)s::text is null and q.state in ('waiting', 'parked', 'replaying'))
order by q.quarantine_id limit %(limit)s
"""


@click.group()
def quarantine() -> None:
    """Look after rows that a load has refused."""


add_list(quarantine, _LIST, ["pipeline", "table", "rule", "state"],
         "List open rows (or those in another state) with the reasons, one line for each.")


@quarantine.command("show")
@click.argument("quarantine_id", type=int)
@json_option
def show_(quarantine_id: int, as_json: bool) -> None:
    """Show one row, as it came, and all that is wrong with it."""
    rows = query(
        "select * from backlog.quarantine as q where q.quarantine_id = %s", [quarantine_id]
    )
    if not rows:
        hint = "See: pgbacklog quarantine list"
        raise BacklogError(f"no quarantined row has the id {quarantine_id}", hint, "PB106")
    if as_json:
        return show(rows, as_json)
    facts = dict(rows[0])
    facts |= {f"row.{column}": value for column, value in facts.pop("row_data").items()}
    facts |= {f"reason {number}": row["message"] for number, row in enumerate(rows, 1)}
    return show_wide([facts], "quarantine_id")


@quarantine.command()
@chosen(_FILTERS, limit=1000)
def replay(**options: Any) -> None:
    """Let the next load judge the chosen rows again."""
    act("replay_quarantine", "ids", "quarantine_id", options)


@quarantine.command()
@chosen(_FILTERS, limit=1000)
@click.option("--note", help="Why; kept with the row.")
def dismiss(note: str | None, **options: Any) -> None:
    """Decide that the chosen rows are not wanted."""
    act("dismiss_quarantine", "ids", "quarantine_id", options, p_note=note)


@quarantine.command()
@click.argument("quarantine_id", type=int)
@click.argument("row")
@click.option("--note", help="Why; kept with the row.")
def edit(quarantine_id: int, row: str, note: str | None) -> None:
    """Correct a row (ROW is the whole row as JSON), and let the next load take it."""
    values = [quarantine_id, Jsonb(parsed(row)), note]
    statement = "select backlog.edit_quarantine(%s, %s, p_note => %s) as state"
    click.echo(query(statement, values)[0]["state"])
