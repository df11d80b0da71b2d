"""What every command shares: help for everything, errors without tracebacks."""

from __future__ import annotations

from collections.abc import Iterator

import click
import psycopg
import pytest
from click.testing import CliRunner

from pgbacklog import cli, errors

from support.database import Database


def every_command(
    group: click.Group, path: str = "pgbacklog"
) -> Iterator[tuple[str, click.Command]]:
    """Yield every command of a group with its path."""
    yield path, group
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from every_command(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


COMMANDS = dict(every_command(cli.main))


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_and_option_is_documented(path: str) -> None:
    command = COMMANDS[path]
    assert command.help, "the function has no docstring"
    undocumented = [
        param.name for param in command.params if isinstance(param, click.Option) and not param.help
    ]
    assert undocumented == []


def test_every_option_has_an_environment_variable(db: Database) -> None:
    result = CliRunner().invoke(
        cli.main, ["drift"], env={"DATABASE_URL": db.dsn, "PGBACKLOG_DRIFT_AS_JSON": "true"}
    )
    assert result.output.startswith("[")


@pytest.mark.parametrize(
    ("raised", "status", "shown"),
    [
        (errors.StaleLeaseError("lost", "Acquire again."), 1,
         "error: lost [PB001]\nhint: Acquire again.\n"),
        (errors.ServerError("no server", "Set DATABASE_URL."), 3,
         "error: no server\nhint: Set DATABASE_URL.\n"),
        (psycopg.OperationalError("connection refused"), 3,
         "error: connection refused\nhint: Check --dsn, DATABASE_URL and the PG* variables.\n"),
    ],
)
def test_errors_are_a_message_and_a_hint(
    monkeypatch: pytest.MonkeyPatch, raised: Exception, status: int, shown: str
) -> None:
    @click.command()
    def failing() -> None:
        """Fail."""
        raise raised

    monkeypatch.setitem(cli.main.commands, "failing", failing)
    result = CliRunner().invoke(cli.main, ["failing"])
    assert (result.exit_code, result.output) == (status, shown)


def test_an_error_of_the_database_keeps_its_code_and_hint(db: Database) -> None:
    with pytest.raises(errors.UnknownNameError) as caught, errors.translated():
        db.connect().execute("select backlog.set_setting('no_such', '1')")
    assert caught.value.sqlstate == "PB005"
    assert str(caught.value) == "unknown setting 'no_such'"
    assert caught.value.hint == "The view backlog.settings lists the settings."


def test_every_class_of_error_stands_for_a_listed_code(db: Database) -> None:
    listed = {code for (code,) in db.connect().execute("select code from backlog.error_codes")}
    classes = {each.default_sqlstate for each in errors.BacklogError.__subclasses__()}
    assert classes - {None} <= listed


def test_a_table_is_aligned_and_json_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"name": "a", "count": 1}, {"name": "long", "count": None}]
    cli.show(rows, as_json=False)
    cli.show(rows[:1], as_json=True)
    cli.show([], as_json=False, empty="nothing here")
    assert capsys.readouterr().out == (
        "name  count\na     1\nlong\n"
        '[\n  {\n    "name": "a",\n    "count": 1\n  }\n]\n'
        "nothing here\n"
    )
