"""Commands for retry items and dead letters."""

from __future__ import annotations

from typing import Any

import click

from pgbacklog.cli import json_option, show
from pgbacklog.cli.queue import Rows, query, show_wide
from pgbacklog.cli.selection import act, chosen
from pgbacklog.errors import UnknownRetryItemError

_LIST = """
select * from (
  select i.id, i.event_type, i.channel_name, i.status, i.retry_count, i.run_at as at,
    i.last_error as error
  from backlog.retry_items as i
  union all
  select d.id, d.event_type, d.channel_name, 'dead_letter', d.retry_count, d.died_at, d.error
  from backlog.dead_letters as d
) as x
where x.status = coalesce(%s, x.status) and x.event_type = coalesce(%s, x.event_type)
order by x.id limit %s
"""
_FILTERS = ["event-type", "channel-name", "reason", "error-code", "error", "correlation-id", "tag"]


@click.group()
def retry() -> None:
    """Look after retry items and dead letters."""


@retry.command("list")
@click.option("--status", help="Only these.",
              type=click.Choice(["pending", "processing", "dead_letter"]))
@click.option("--event-type", help="Only this one.")
@click.option("--limit", default=50, type=click.IntRange(1), help="At most.")
@json_option
@click.pass_context
def list_(
    ctx: click.Context, status: str | None, event_type: str | None, limit: int, as_json: bool
) -> None:
    """List live items and dead letters."""
    show(query(ctx, _LIST, [status, event_type, limit]), as_json, "no items")


@retry.command("show")
@click.argument("item_id", type=int)
@json_option
@click.pass_context
def show_(ctx: click.Context, item_id: int, as_json: bool) -> None:
    """Show all about one item: what it is, and what has happened to it."""
    found: Rows = []
    for view in ("retry_items", "dead_letters"):
        found += query(ctx, f"select * from backlog.{view} where id = %s", [item_id])  # noqa: S608
    history = query(
        ctx, "select * from backlog.retry_history where id = %s order by finished_at", [item_id]
    )
    if not found and not history:
        raise UnknownRetryItemError(f"no item has the id {item_id}", "See: pgbacklog retry list")
    if as_json:
        show([{**row, "history": history} for row in found or [{"id": item_id}]], True)
        return
    show([{"field": k, "value": v} for row in found for k, v in row.items()], False, "ended")
    if history:
        click.echo()
        columns = ("finished_at", "outcome", "retry_count", "worker_id", "error_code", "error")
        show([{key: row[key] for key in columns} for row in history], False)


@retry.command()
@chosen(_FILTERS)
@click.option("--spread-over", default=0, type=click.IntRange(0), metavar="SECONDS",
              help="Time over which they become due.")
@click.option("--force", is_flag=True, help="Even those redriven as often as allowed.")
@click.pass_context
def redrive(
    ctx: click.Context, /, as_json: bool, spread_over: int, force: bool, **options: Any
) -> None:
    """Put dead letters back to work, with a fresh count of attempts."""
    args = {"p_spread_over": spread_over, "p_force": force}
    act(ctx, "redrive_dead_letters", args, options, as_json)


@retry.command()
@chosen(_FILTERS)
@click.option("--note", help="Why; kept in the history.")
@click.pass_context
def discard(
    ctx: click.Context, /, as_json: bool, note: str | None, **options: Any
) -> None:
    """End dead letters for good; the history keeps that they were."""
    act(ctx, "discard_dead_letters", {"p_reason": note}, options, as_json)


@retry.command()
@click.argument("item_ids", type=int, nargs=-1, required=True)
@click.option("--reason", help="Why; kept in the history.")
@click.pass_context
def cancel(ctx: click.Context, item_ids: tuple[int, ...], reason: str | None) -> None:
    """Cancel items that wait or are being worked on."""
    for item_id in item_ids:
        row = query(ctx, "select backlog.cancel_retry_item(%s, %s) as done", [item_id, reason])[0]
        if not row["done"]:
            raise UnknownRetryItemError(f"no live item {item_id}", "See: pgbacklog retry list")
    click.echo(f"{len(item_ids)} cancelled")


@retry.command()
@click.argument("event_type")
@click.option("--reason", help="Shown in the status.")
@click.pass_context
def pause(ctx: click.Context, event_type: str, reason: str | None) -> None:
    """Keep the items of an event type, but let nobody work on them."""
    query(ctx, "select backlog.pause_event_type(%s, %s)", [event_type, reason])
    click.echo(f"{event_type} paused")


@retry.command()
@click.argument("event_type")
@click.pass_context
def resume(ctx: click.Context, event_type: str) -> None:
    """Let a paused event type go on."""
    query(ctx, "select backlog.resume_event_type(%s)", [event_type])
    click.echo(f"{event_type} resumed")


@retry.command()
@json_option
@click.pass_context
def policies(ctx: click.Context, as_json: bool) -> None:
    """List how each event type is retried and limited."""
    rows = query(ctx, "select * from backlog.retry_policies order by event_type")
    if as_json:
        show(rows, as_json)
    else:
        show_wide(rows, "event_type")
