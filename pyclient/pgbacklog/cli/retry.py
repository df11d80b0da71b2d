"""Commands for retry items and dead letters."""

from __future__ import annotations

from typing import Any

import click

from pgbacklog.cli import json_option, show
from pgbacklog.cli.selection import act, add_list, chosen, query, show_wide
from pgbacklog.errors import UnknownRetryItemError

_HINT = "See: pgbacklog retry list"
_FILTERS = ["event-type", "channel-name", "reason", "error-code", "error", "correlation-id", "tag"]
_LIST = """
select * from (
  select i.id, i.event_type, i.channel_name, i.status, i.retry_count, i.run_at as at,
    i.last_error as error
  from backlog.retry_items as i
  union all
  select d.id, d.event_type, d.channel_name, 'dead_letter', d.retry_count, d.died_at, d.error
  from backlog.dead_letters as d
) as x
where x.status = coalesce(%(status)s, x.status)
  and x.event_type = coalesce(%(event_type)s, x.event_type)
order by x.id limit %(limit)s
"""


@click.group()
def retry() -> None:
    """Look after retry items and dead letters."""


add_list(retry, _LIST, ["status", "event-type"], "List live items and dead letters.")


@retry.command("show")
@click.argument("item_id", type=int)
@json_option
def show_(item_id: int, as_json: bool) -> None:
    """Show all about one item: what it is, and what has happened to it."""
    found = query("select * from backlog.retry_items where id = %s", [item_id])
    found += query("select * from backlog.dead_letters where id = %s", [item_id])
    history = query(
        "select * from backlog.retry_history where id = %s order by finished_at", [item_id]
    )
    if not found and not history:
        raise UnknownRetryItemError(f"no item has the id {item_id}", _HINT)
    if as_json:
        return show([{**row, "history": history} for row in found or [{"id": item_id}]], True)
    if found:
        show_wide(found, "id")
        click.echo()
    columns = ("finished_at", "outcome", "retry_count", "worker_id", "error_code", "error")
    show([{key: row[key] for key in columns} for row in history], False, "no history yet")
    return None


@retry.command()
@chosen(_FILTERS)
@click.option("--spread-over", default=0, type=click.IntRange(0), metavar="SECONDS",
              help="Time over which they become due.")
@click.option("--force", is_flag=True, help="Even those redriven as often as allowed.")  # fmt: skip
def redrive(spread_over: int, force: bool, **options: Any) -> None:
    """Put dead letters back to work, with a fresh count of attempts."""
    args = {"p_spread_over": spread_over, "p_force": force}
    act("redrive_dead_letters", "id", "id", options, **args)


@retry.command()
@chosen(_FILTERS)
@click.option("--note", help="Why; kept in the history.")
def discard(note: str | None, **options: Any) -> None:
    """End dead letters for good; the history keeps that they were."""
    act("discard_dead_letters", "id", "id", options, p_reason=note)


@retry.command()
@click.argument("item_ids", type=int, nargs=-1, required=True)
@click.option("--reason", help="Why; kept in the history.")
def cancel(item_ids: tuple[int, ...], reason: str | None) -> None:
    """Cancel items that wait or are being worked on."""
    for item_id in item_ids:
        (row,) = query("select backlog.cancel_retry_item(%s, %s) as done", [item_id, reason])
        if not row["done"]:
            raise UnknownRetryItemError(f"no live item has the id {item_id}", _HINT)
        click.echo(f"{item_id} cancelled")


@retry.command()
@click.argument("event_type")
@click.option("--reason", help="Shown in the status.")
def pause(event_type: str, reason: str | None) -> None:
    """Keep the items of an event type, but let nobody work on them."""
    query("select backlog.pause_event_type(%s, %s)", [event_type, reason])
    click.echo(f"{event_type} paused")


@retry.command()
@click.argument("event_type")
def resume(event_type: str) -> None:
    """Let a paused event type go on."""
    query("select backlog.resume_event_type(%s)", [event_type])
    click.echo(f"{event_type} resumed")


@retry.command()
@json_option
def policies(as_json: bool) -> None:
    """List how each event type is retried and limited."""
    rows = query("select * from backlog.retry_policies order by event_type")
    show(rows, True) if as_json else show_wide(rows, "event_type")
