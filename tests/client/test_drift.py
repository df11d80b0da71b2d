"""pgbacklog drift: what is missing, changed or extra."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from pgbacklog import schema
from pgbacklog.cli import main
from pgbacklog.errors import SchemaDriftError

from support.database import Database


@pytest.fixture
def fresh(db: Database) -> Database:
    """A database as shipped, without the test clock."""
    schema.migrate(db.dsn)
    return db


def drift(database: Database) -> list[tuple[str, str, str]]:
    return schema.drift(database.connect())


def test_a_fresh_installation_does_not_drift(fresh: Database) -> None:
    assert drift(fresh) == []
    result = CliRunner().invoke(main, ["--dsn", fresh.dsn, "drift"])
    assert (result.exit_code, result.output) == (0, "nothing drifts\n")


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("create or replace function backlog.version() returns text language sql return 'x'",
         ("function", "backlog.version()", "changed")),
        ("alter function backlog.version() security invoker",
         ("function", "backlog.version()", "changed")),
        ("drop view backlog.settings", ("view", "backlog.settings", "missing")),
        ("create function backlog.rogue() returns int language sql return 1",
         ("function", "backlog.rogue()", "extra")),
        ("create view backlog.rogue as select 1 as one", ("view", "backlog.rogue", "extra")),
        ("alter table backlog_internal.setting drop constraint setting_pkey",
         ("constraint", "setting_pkey on backlog_internal.setting", "missing")),
        ("alter table backlog_internal.setting alter value drop not null",
         ("table", "backlog_internal.setting", "changed")),
        ("create trigger rogue before update on backlog_internal.setting for each row "
         "execute function suppress_redundant_updates_trigger()",
         ("trigger", "rogue on backlog_internal.setting", "extra")),
        ("delete from backlog_internal.sealed_migration where name = '0001_schemas_and_roles'",
         ("migration", "0001_schemas_and_roles", "missing")),
    ],
)
def test_every_kind_of_change_is_found(
    fresh: Database, change: str, found: tuple[str, str, str]
) -> None:
    fresh.connect().execute(change)
    assert found in drift(fresh)


def test_an_index_that_an_administrator_added_is_no_drift(fresh: Database) -> None:
    fresh.connect().execute("create index mine on backlog_internal.setting (changed_at)")
    assert drift(fresh) == []


def test_what_is_found_is_printed_and_sets_the_exit_status(fresh: Database) -> None:
    fresh.connect().execute("drop view backlog.settings")
    result = CliRunner().invoke(main, ["--dsn", fresh.dsn, "drift", "--json"])
    assert result.exit_code == 4
    assert json.loads(result.output) == [
        {"kind": "view", "object": "backlog.settings", "problem": "missing"}
    ]


def test_definitions_of_another_major_version_are_not_compared(fresh: Database) -> None:
    conn = fresh.connect()
    conn.execute("update backlog_internal.fingerprint set md5 = 'printed otherwise'")
    conn.execute("update backlog_internal.release set server_version_num = 140005")
    assert drift(fresh) == []
    schema.migrate(fresh.dsn)
    conn.execute("create or replace function backlog.version() returns text language sql return ''")
    assert drift(fresh) == [("function", "backlog.version()", "changed")]


def test_a_database_without_pgbacklog_is_told_so(empty_db: Database) -> None:
    with pytest.raises(SchemaDriftError, match="not installed"):
        schema.drift(empty_db.connect())
    result = CliRunner().invoke(main, ["--dsn", empty_db.dsn, "drift"])
    assert result.exit_code == 1
    assert "hint: Run: pgbacklog migrate" in result.output
