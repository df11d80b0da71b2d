"""The command listen."""

from __future__ import annotations

import os
import secrets
import socket
import sys
from typing import Any

import click

from pgbacklog.cli import address
from pgbacklog.connections import Connections
from pgbacklog.listener import Listener
from pgbacklog.logs import set_up_logging
from pgbacklog.registry import Registry
from pgbacklog.worker import Settings
from pgbacklog.writers import builtin
from pgbacklog.writers.known import BUILTIN, TABLE

_SETTINGS: dict[str, tuple[float, Any, str]] = {
    "threads": (8, click.IntRange(1, 500), "Handlers at a time; each thread has a connection."),
    "batch-size": (100, click.IntRange(1, 10000), "Items that a thread acquires at most."),
    "lock-timeout": (300, click.IntRange(3), "Seconds of a lease, extended while handlers run; "
                     "how soon the work of a dead process comes back."),
    "item-timeout": (300.0, click.FloatRange(0.1), "Seconds for an item, unless its handler says."),
    "poll-interval": (5.0, click.FloatRange(0.1), "Seconds after which to look unasked."),
    "grace": (30.0, click.FloatRange(0), "Seconds for running handlers to finish at the end."),
}  # fmt: skip


def _with_settings(command: Any) -> Any:
    for name, (default, kind, text) in reversed(_SETTINGS.items()):
        command = click.option(f"--{name}", default=default, type=kind, help=text)(command)
    return command


@click.command(
    epilog="Exit status: 0 after a graceful stop, 6 when too many handlers hang (restart it), "
    "else as for every command. The first SIGTERM or SIGINT lets running handlers finish within "
    "the grace time, the second stops waiting for them, the third ends the process."
)
@click.option("--hooks", multiple=True, metavar="MODULE",
              help="Module with handlers, from the working directory or installed; repeatable.")
@click.option("--writer", "writers", multiple=True, type=click.Choice([TABLE, *BUILTIN]),
              help="Also bring backfills to destinations of this kind; repeatable.")
@click.option("--event-type", "event_types", multiple=True, help="Only these; repeatable.")
@click.option("--worker-id", help="Unique name in leases.  [default: host, process, chance]")
@_with_settings
@click.option("--config", metavar="FILE", envvar="PGBACKLOG_CONFIG", show_envvar=True,
              help="Databases that hooks use.  [default: pgbacklog.toml, if it is here]")
@click.option("--sql-hooks/--no-sql-hooks", default=True,
              help="Also run the SQL hooks of the database, with the rights of this role.")
@click.option("--until-idle", "--once", is_flag=True, help="End when nothing is due any more.")
@click.option("--log-format", default="text", type=click.Choice(["text", "json"]),
              help="Lines of key=value, or of JSON.")
@click.option("--log-level", default="info", help="Least level to log.",
              type=click.Choice(["debug", "info", "warning", "error"]))  # fmt: skip
@click.pass_context
def listen(
    ctx: click.Context, /, hooks: tuple[str, ...], writers: tuple[str, ...],
    event_types: tuple[str, ...], worker_id: str | None, config: str | None, sql_hooks: bool,
    until_idle: bool, log_format: str, log_level: str, **settings: Any,
) -> None:  # fmt: skip
    """Run fetchers and handlers on the items that are due, until stopped."""
    set_up_logging(log_format, log_level)
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - as `python -m` does
    if not hooks and not writers:
        raise click.UsageError("Say what to work on: --hooks MODULE, or --writer KIND.")
    registry = Registry.from_names(hooks) if hooks else Registry()
    registry.update((found.event_type, found) for found in map(builtin, writers))
    if event_types:
        registry.keep(event_types)
    connections = Connections.read(config)
    name = worker_id or f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(2)}"
    with address(ctx) as dsn:
        made = Settings(name, **settings)
        listener = Listener(dsn, registry, made, connections, sql_hooks and not event_types)
        listener.handle_signals()
        sys.exit(listener.run(until_idle))
