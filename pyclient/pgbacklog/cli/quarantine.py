"""Commands for refused rows."""

from __future__ import annotations

from typing import Any

import click
from psycopg.types.json import Jsonb

from pgbacklog.cli import json_option, show
from pgbacklog.cli.queue import parsed, query
from pgbacklog.cli.selection import act, chosen
from pgbacklog.errors import BacklogError

_FILTERS = ["pipeline", "table", "rule", "constraint", "column", "value", "state"]
_LIST = """
select q.quarantine_id, q.pipeline, q.table_name, q.state, q.rule, q.column_name, q.value, q.message
from backlog.quarantine as q
where q.pipeline = coalesce(%s, q.pipeline) and q.table_name = coalesce(%s, q.table_name)
  and q.rule is not distinct from coalesce(%s, q.rule)
  and (q.state = %s or %s::text is null and q.state in ('waiting', 'parked', 'replaying'))
order by q.quarantine_id limit %s
"""


@click.group()
def quarantine() -> None:
    """Look after rows that a load has refused."""


@quarantine.command("list")
@click.option("--pipeline", help="Only of this one.")
@click.option("--table", help="Only of this one.")
@click.option("--rule", help="Only refused by this rule.")
@click.option("--state", help="Only these, also closed ones.")
@click.option("--limit", default=50, type=click.IntRange(1), help="At most.")
@json_option
@click.pass_context
def list_(
    ctx: click.Context, pipeline: str | None, table: str | None, rule: str | None,
    state: str | None, limit: int, as_json: bool,
) -> None:  # fmt: skip
    """List open rows with the reasons, one line for each reason."""
    rows = query(ctx, _LIST, [pipeline, table, rule, state, state, limit])
    show(rows, as_json, "nothing in quarantine")


@quarantine.command("show")
@click.argument("quarantine_id", type=int)
@json_option
@click.pass_context
def show_(ctx: click.Context, quarantine_id: int, as_json: bool) -> None:
    """Show one row, as it came, and all that is wrong with it."""
    rows = query(
        ctx, "select * from backlog.quarantine as q where q.quarantine_id = %s", [quarantine_id]
    )
    if not rows:
        hint = "See: pgbacklog quarantine list"
        raise BacklogError(f"no quarantined row has the id {quarantine_id}", hint, "PB106")
    if not as_json:
        facts = {key: value for key, value in rows[0].items() if value is not None}
        facts |= {f"row.{column}": value for column, value in facts.pop("row_data").items()}
        facts |= {f"reason {n}": row["message"] for n, row in enumerate(rows, 1)}
        rows = [{"field": key, "value": value} for key, value in facts.items()]
    show(rows, as_json)


@quarantine.command()
@chosen(_FILTERS, limit=1000)
@click.pass_context
def replay(ctx: click.Context, /, as_json: bool, **options: Any) -> None:
    """Let the next load judge the chosen rows again."""
    act(ctx, "replay_quarantine", {}, options, as_json, "ids", "quarantine_id")


@quarantine.command()
@chosen(_FILTERS, limit=1000)
@click.option("--note", help="Why; kept with the row.")
@click.pass_context
def dismiss(ctx: click.Context, /, as_json: bool, note: str | None, **options: Any) -> None:
    """Decide that the chosen rows are not wanted."""
    act(ctx, "dismiss_quarantine", {"p_note": note}, options, as_json, "ids", "quarantine_id")


@quarantine.command()
@click.argument("quarantine_id", type=int)
@click.argument("row")
@click.option("--note", help="Why; kept with the row.")
@click.pass_context
def edit(ctx: click.Context, quarantine_id: int, row: str, note: str | None) -> None:
    """Correct a row (ROW is the whole row as JSON), and let the next load take it."""
    values = [quarantine_id, Jsonb(parsed(row)), note]
    statement = "select backlog.edit_quarantine(%s, %s, p_note => %s) as state"
    click.echo(query(ctx, statement, values)[0]["state"])
