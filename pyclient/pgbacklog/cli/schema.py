"""Commands for the schema itself: migrate, sql, drift, uninstall."""

from __future__ import annotations

import sys
from typing import Any

import click

from pgbacklog.cli import FOUND, address, connection, json_option, show

# Nothing else needs pgbacklog.schema, and every command would wait for the import of yoyo.


@click.command()
@click.option("--adopt", is_flag=True, help="Accept tables and indexes that were changed by hand.")
@click.option("--lock-timeout", type=float, default=600.0, help="Seconds to wait for another run.")
@click.pass_context
def migrate(ctx: click.Context, adopt: bool, lock_timeout: float) -> None:
    """Install pgbacklog, or bring it up to date; safe to repeat."""
    from pgbacklog import schema

    with address(ctx) as dsn:
        schema.migrate(dsn, adopt=adopt, lock_timeout=lock_timeout, say=click.echo)


@click.command()
def sql() -> None:
    """Print the whole installation as one script for `psql -1 -f`; needs no database."""
    from pgbacklog import schema

    click.echo(schema.installer(), nl=False)


@click.command()
@json_option
@click.pass_context
def drift(ctx: click.Context, as_json: bool) -> None:
    """List what is not as it was shipped; exit status 4 when there is something."""
    from pgbacklog import schema

    with connection(ctx) as conn:
        found = schema.drift(conn)
    rows: list[dict[str, Any]] = [
        {"kind": kind, "object": name, "problem": problem} for kind, name, problem in found
    ]
    show(rows, as_json, "nothing drifts")
    if found:
        sys.exit(FOUND)


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--cascade", is_flag=True, help="Also drop what others built on it.")
@click.pass_context
def uninstall(ctx: click.Context, yes: bool, cascade: bool) -> None:
    """Remove both schemas with all their data, delta tables, and roles that nobody else needs."""
    from pgbacklog import schema

    with address(ctx) as dsn:
        if not yes:
            click.confirm("Drop every retry item, load and setting in this database?", abort=True)
        schema.uninstall(dsn, cascade=cascade, say=click.echo)
