"""The command pgbacklog: what every command shares.

A command in any module of this package is found by itself. Exit status: 0 done, 1 refused or
failed, 2 wrong usage, 3 the database cannot be reached, 4 a check found something.
"""

from __future__ import annotations

import json
import pkgutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from importlib import import_module
from typing import Any

import click
import psycopg

from pgbacklog import __version__, server
from pgbacklog.errors import BacklogError, ServerError, translated

FAILED, UNREACHABLE, FOUND = 1, 3, 4


class _Group(click.Group):
    """Show errors as a message and a hint, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with translated():
                return super().invoke(ctx)
        except BacklogError as error:
            code = f" [{error.sqlstate}]" if error.sqlstate else ""
            status = UNREACHABLE if isinstance(error, ServerError) else FAILED
            _fail(f"{error}{code}", error.hint, status)
        except psycopg.Error as error:
            state, hint = error.sqlstate or "", error.diag.message_hint
            if isinstance(error, psycopg.ProgrammingError) and not state:
                # libpq quotes the part that it stumbled over, which may be the password.
                _fail("the database address cannot be understood", "Check --dsn.", UNREACHABLE)
            lost = not state or state.startswith(("08", "28", "57P"))
            if isinstance(error, psycopg.OperationalError) and lost:
                hint = hint or "Check --dsn, DATABASE_URL and the PG* variables."
                _fail(error.diag.message_primary or str(error), hint, UNREACHABLE)
            if state in ("3F000", "42P01", "42883"):
                hint = "Run: pgbacklog migrate"
            _fail(f"{error.diag.message_primary or error} [{state}]", hint, FAILED)


def _fail(message: str, hint: str | None, status: int) -> None:
    click.echo(f"error: {message.strip()}", err=True)
    if hint:
        click.echo(f"hint: {hint}", err=True)
    sys.exit(status)


@click.group(
    cls=_Group,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "auto_envvar_prefix": "PGBACKLOG",
        "show_default": True,
    },
)
@click.option(
    "--dsn",
    envvar="DATABASE_URL",
    show_envvar=True,
    help="Database address. Without it: the PG* variables, else an embedded server.",
)
@click.version_option(__version__)
@click.pass_context
def main(ctx: click.Context, dsn: str | None) -> None:
    """Make data movement in PostgreSQL impossible to lose.

    Every option can be set by an environment variable: PGBACKLOG_<COMMAND>_<OPTION>.
    """
    ctx.obj = dsn


@contextmanager
def address(ctx: click.Context) -> Iterator[str]:
    """Yield the address of the database that the command is to use."""
    with server.database(ctx.obj, lambda line: click.echo(line, err=True)) as dsn:
        yield dsn


@contextmanager
def connection(ctx: click.Context) -> Iterator[psycopg.Connection[Any]]:
    """Yield an autocommit connection to the database that the command is to use."""
    with address(ctx) as dsn, psycopg.connect(dsn, autocommit=True, client_encoding="utf8") as conn:
        yield conn


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def show(rows: list[dict[str, Any]], as_json: bool, empty: str = "nothing") -> None:
    """Print rows as a table, or as a JSON array."""
    if as_json:
        click.echo(json.dumps(rows, indent=2, default=_plain))
        return
    if not rows:
        click.echo(empty)
        return
    cells = [[str(name) for name in rows[0]]]
    cells += [["" if cell is None else _plain(cell) for cell in row.values()] for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    for line in cells:
        padded = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        click.echo("  ".join(padded).rstrip())


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict | list):
        return json.dumps(value, default=_plain)
    return str(value)


def _add_commands() -> None:
    """Add every command of every module here, except those that belong to a group of the module."""
    for name in sorted(found.name for found in pkgutil.iter_modules(__path__)):
        module = import_module(f"{__name__}.{name}")
        found = [each for each in vars(module).values() if isinstance(each, click.Command)]
        inner = [each for group in found if isinstance(group, click.Group) for each in
                 group.commands.values()]
        for command in found:
            if command is not main and command not in inner:
                main.add_command(command)


_add_commands()
