"""The command listen."""

from __future__ import annotations

import os
import secrets
import socket
import sys

import click

from pgbacklog.cli import address
from pgbacklog.listener import Listener
from pgbacklog.logs import set_up_logging
from pgbacklog.registry import Registry
from pgbacklog.worker import Settings


@click.command(
    epilog="Exit status: 0 after a graceful stop, 6 when too many handlers hang (restart it), "
    "else as for every command. The first SIGTERM or SIGINT lets running handlers finish within "
    "the grace time, the second stops waiting for them, the third ends the process."
)
@click.option(
    "--hooks", required=True, multiple=True, metavar="MODULE", show_envvar=True,
    help="Module with handlers and fetchers, from the working directory or installed; repeatable.",
)  # fmt: skip
@click.option("--event-type", "event_types", multiple=True, help="Only these; repeatable.")
@click.option("--worker-id", help="Name in leases and logs. [default: host, process, chance]")
@click.option("--threads", default=8, type=click.IntRange(1, 500), help="Handlers at a time.")
@click.option("--batch-size", default=100, type=click.IntRange(1, 10000), help="Most at a time.")
@click.option(
    "--lock-timeout", default=300, type=click.IntRange(3), metavar="SECONDS",
    help="Lease, extended while handlers run; how soon the work of a dead process comes back.",
)  # fmt: skip
@click.option(
    "--item-timeout", default=300.0, type=click.FloatRange(0.1), metavar="SECONDS",
    help="Time for one item, unless its handler has its own.",
)  # fmt: skip
@click.option(
    "--poll-interval", default=5.0, type=click.FloatRange(0.1), metavar="SECONDS",
    help="Look at least this often, notification or not.",
)  # fmt: skip
@click.option(
    "--grace", default=30.0, type=click.FloatRange(0), metavar="SECONDS",
    help="Time for running handlers to finish after SIGTERM.",
)  # fmt: skip
@click.option("--until-idle", "--once", is_flag=True, help="End when nothing is due any more.")
@click.option("--log-format", default="text", type=click.Choice(["text", "json"]))
@click.option(
    "--log-level", default="info", type=click.Choice(["debug", "info", "warning", "error"])
)
@click.pass_context
def listen(
    ctx: click.Context,
    hooks: tuple[str, ...],
    event_types: tuple[str, ...],
    worker_id: str | None,
    threads: int,
    batch_size: int,
    lock_timeout: int,
    item_timeout: float,
    poll_interval: float,
    grace: float,
    until_idle: bool,
    log_format: str,
    log_level: str,
) -> None:
    """Run fetchers and handlers on the items that are due, until stopped."""
    set_up_logging(log_format, log_level)
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - as `python -m` does
    registry = Registry.from_names(hooks)
    if event_types:
        registry = registry.only(event_types)
    name = worker_id or f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(2)}"
    settings = Settings(
        name, batch_size, threads, lock_timeout, item_timeout, poll_interval, grace
    )
    with address(ctx) as dsn:
        listener = Listener(dsn, registry, settings)
        listener.handle_signals()
        sys.exit(listener.run(until_idle))
