"""Commands for incidents."""

from __future__ import annotations

import click

from pgbacklog.cli import json_option, show
from pgbacklog.cli.selection import add_list, query, show_wide
from pgbacklog.errors import UnknownIncidentError

_LIST = """
select i.incident_id, i.created_at, i.pipeline, i.table_name, i.source, i.state, i.critical,
  i.error_code, i.error
from backlog.incidents as i
where i.state = coalesce(%(state)s, 'open')
  and (%(pipeline)s::text is null or i.pipeline = %(pipeline)s)
  and (%(source)s::text is null or i.source = %(source)s)
  and (%(error_code)s::text is null or i.error_code = %(error_code)s)
order by i.incident_id limit %(limit)s
"""


@click.group()
def incident() -> None:
    """Look after incidents: writes that failed."""


add_list(incident, _LIST, ["pipeline", "state", "source", "error-code"],
         "List open incidents, or those in another state.")


@incident.command("show")
@click.argument("incident_id", type=int)
@json_option
def show_(incident_id: int, as_json: bool) -> None:
    """Show all about one incident, with the record that was not written."""
    rows = query("select * from backlog.incidents where incident_id = %s", [incident_id])
    if not rows:
        hint = "See: pgbacklog incident list"
        raise UnknownIncidentError(f"no incident has the id {incident_id}", hint)
    show(rows, True) if as_json else show_wide(rows, "incident_id")


@incident.command()
@click.argument("incident_ids", type=int, nargs=-1, required=True)
@click.option("--replay", "action", flag_value="replay", required=True, help="Try it again.")
@click.option("--dismiss", "action", flag_value="dismiss", help="Decide that it is not wanted.")
@click.option("--note", help="Why; kept with the incident.")
def resolve(incident_ids: tuple[int, ...], action: str, note: str | None) -> None:
    """Replay or dismiss incidents."""
    for incident_id in incident_ids:
        call = "select backlog.resolve_incident(%s, %s, %s) as outcome"
        click.echo(f"{incident_id} {query(call, [incident_id, action, note])[0]['outcome']}")
