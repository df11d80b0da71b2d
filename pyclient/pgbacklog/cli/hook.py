"""Commands for hooks."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import click
import psycopg

from pgbacklog import hooks as engine
from pgbacklog.cli import address, json_option, show
from pgbacklog.cli.queue import parsed
from pgbacklog.cli.selection import add_list, query, show_wide
from pgbacklog.connections import Connections, Lent
from pgbacklog.errors import BacklogError, UnknownHookError
from pgbacklog.logs import redacted, set_up_logging
from pgbacklog.registry import HOOK, Handler, Item, Registry

_LIST = """
select h.name, h.state, h.kind, h.language, h.pipelines, h.pending, h.in_progress, h.dead_letters,
  h.last_delivered_at, h.last_error
from backlog.hooks as h
where h.state = coalesce(%(state)s, h.state)
  and h.kind = coalesce(%(kind)s, h.kind)
  and (%(pipeline)s::text is null or h.pipelines is null or %(pipeline)s = any (h.pipelines))
order by h.name limit %(limit)s
"""
_EVENT = """
select e.event_id, e.kind, e.pipeline, e.table_name as "table", e.records, e.details,
  e.record_count, e.part, e.parts, e.created_at::text, e.error, e.error_code,
  e.constraint_name as "constraint", e.attempt, e.source, e.correlation_id, e.metadata
from backlog.events as e where e.event_id = %s
"""
_REPLAY = "select * from backlog.replay_events(p_hook => %s, p_from => %s, p_to => %s, " \
    "p_event_ids => %s, p_limit => %s, p_dry_run => %s, p_only_missed => %s)"  # fmt: skip


@click.group()
def hook() -> None:
    """Look after hooks: functions that are called for commits and failures."""


add_list(hook, _LIST, ["state", "kind", "pipeline"], "List hooks and how their deliveries do.")


@hook.command("show")
@click.argument("name")
@json_option
def show_(name: str, as_json: bool) -> None:
    """Show all about one hook."""
    rows = query("select * from backlog.hooks where name = %s", [name])
    if not rows:
        raise UnknownHookError(f"no hook is named {name}", "See: pgbacklog hook list")
    show(rows, True) if as_json else show_wide(rows, "name")


@hook.command()
@click.argument("name")
def enable(name: str) -> None:
    """Let a disabled hook go on with what waits for it."""
    query("select backlog.enable_hook(%s)", [name])
    click.echo(f"{name} enabled; for what it missed: pgbacklog hook replay {name} --only-missed")


@hook.command()
@click.argument("name")
@click.option("--reason", help="Shown in the list.")
def disable(name: str, reason: str | None) -> None:
    """Deliver nothing more to a hook, and hold what waits for it."""
    query("select backlog.disable_hook(%s, %s)", [name, reason])
    click.echo(f"{name} disabled")


@hook.command()
@click.argument("name", required=False)
@click.option("--from", "begin", metavar="TIME", help="Events from then on.")
@click.option("--to", "end", metavar="TIME", help="Events before then.")
@click.option("--event", "events", type=int, multiple=True, help="Only this one; repeatable.")
@click.option("--only-missed", is_flag=True, help="What was never delivered to the hook.")
@click.option("--limit", default=1000, type=click.IntRange(1), help="Events for each hook at most.")
@click.option("--dry-run", is_flag=True, help="Only show what would happen.")
@json_option
def replay(
    name: str | None, begin: str | None, end: str | None, events: tuple[int, ...],
    only_missed: bool, limit: int, dry_run: bool, as_json: bool,
) -> None:  # fmt: skip
    """Deliver kept events again, to one hook or to all that want them."""
    chosen = list(events) or None
    rows = query(_REPLAY, [name, begin, end, chosen, limit, dry_run, only_missed])
    show(rows, as_json, "no such events")


@hook.command()
@click.argument("name")
@click.option("--hooks", required=True, multiple=True, metavar="MODULE",
              help="Module with the hook; repeatable.")
@click.option("--config", metavar="FILE", envvar="PGBACKLOG_CONFIG", show_envvar=True,
              help="Databases that hooks use.  [default: pgbacklog.toml, if it is here]")
@click.option("--event", type=int, help="A kept event to call it with.")
@click.option("--record", "records", multiple=True, metavar="JSON",
              help="A record to call it with, of a made-up event; repeatable.")
@click.option("--pipeline", help="Of the made-up event.  [default: the hook's first]")
@click.option("--commit", is_flag=True, help="Keep what it writes, instead of rolling it back.")
@click.pass_context
def test(
    ctx: click.Context, name: str, hooks: tuple[str, ...], config: str | None, event: int | None,
    records: tuple[str, ...], pipeline: str | None, commit: bool,
) -> None:  # fmt: skip
    """Call a Python hook once, here and now; nothing is delivered, retried or completed."""
    set_up_logging("text", "info")
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - as `pgbacklog listen` does
    handler = Registry.from_names(hooks).get(HOOK + name)
    if handler is None or handler.hook is None:
        raise UnknownHookError(f"no hook {name} in {', '.join(hooks)}", "Mark it: @checkpoint(…).")
    if (event is None) is (not records):
        raise BacklogError("no event is chosen, or two", "Give either --event or --record.")
    if event is not None:
        rows = query(_EVENT, [event])
        if not rows:
            raise BacklogError(f"there is no event {event}", "It may be too old.", "PB205")
        facts = rows[0]
    else:
        facts = {
            "event_id": 0, "kind": handler.hook.kind, "records": [parsed(x) for x in records],
            "pipeline": pipeline or next(iter(handler.hook.pipelines or ()), None),
            "record_count": len(records), "created_at": datetime.now(UTC).isoformat(),
        }  # fmt: skip
    with address(ctx) as dsn:
        for item in _deliveries(handler, facts):
            _call(handler, item, dsn, Connections.read(config), commit)


def _deliveries(handler: Handler, facts: dict[str, Any]) -> list[Item]:
    """Make the deliveries of an event, as the database would."""
    assert handler.hook is not None
    records, details = facts.pop("records") or [], facts.pop("details", None) or []
    payloads: list[dict[str, Any]] = [{"records": records, "details": details}]
    if handler.hook.mode == "individual":
        known = [*details, *({} for _ in records)]
        payloads = [{"record": x} | y for x, y in zip(records, known, strict=False)]
    return [
        Item(
            id=0, event_type=handler.event_type, retry_count=0, lock_token=0, event_id=uuid4(),
            event_data=facts | payload | {
                "hook": handler.hook.name, "idempotency_key": f"{handler.hook.name}:test:{number}",
            },
            channel_name="", plugin_name="hooks", event_metadata=None, max_retries=None, priority=5,
            correlation_id=facts.get("correlation_id"), tags=None, created_at=datetime.now(UTC),
        )
        for number, payload in enumerate(payloads, 1)
    ]  # fmt: skip


def _call(handler: Handler, item: Item, dsn: str, known: Connections, commit: bool) -> None:
    lent = Lent(known, dsn, commit)
    try:
        if handler.transactional:
            with (
                psycopg.connect(dsn, autocommit=True) as conn,
                conn.transaction(force_rollback=not commit),
            ):
                answer = engine.call(handler, item, lent, conn)
        else:
            answer = engine.call(handler, item, lent)
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        raise BacklogError(redacted(f"the hook failed: {text}"), "Nothing is kept.") from error
    finally:
        lent.close()
    reply = f"would pause the pipeline: {answer.reason}" if answer else "returned"
    click.echo(reply if commit else f"{reply}; what it wrote is rolled back")
