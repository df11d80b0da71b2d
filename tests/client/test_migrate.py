"""pgbacklog migrate: from nothing, again, at once from four processes, and after mishaps."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pglast
import psycopg
import pytest
import sqlparse
from click.testing import CliRunner
from psycopg.conninfo import make_conninfo

from pgbacklog import assets, schema
from pgbacklog.cli import main
from pgbacklog.errors import SchemaDriftError

from support.database import Database


@pytest.fixture
def own_assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of sql/ and migrations/ that the test may edit, used instead of the real ones."""
    for kind in ("sql", "migrations"):
        shutil.copytree(assets.asset_dir(kind), tmp_path / kind)
    monkeypatch.setattr(assets, "asset_dir", lambda kind: tmp_path / kind)
    monkeypatch.setattr(schema, "asset_dir", lambda kind: tmp_path / kind)
    return tmp_path


def ship(folder: Path, name: str, script: str) -> None:
    """Add a file to sql/ and to its table of contents."""
    (folder / "sql" / "core" / f"{name}.sql").write_text(script)
    contents = folder / "sql" / "install.sql"
    contents.write_text(
        contents.read_text().replace("\\ir seal.sql", f"\\ir core/{name}.sql\n\\ir seal.sql")
    )


def unship(folder: Path, name: str) -> None:
    """Remove a file from sql/ and from its table of contents."""
    (folder / "sql" / "core" / f"{name}.sql").unlink()
    contents = folder / "sql" / "install.sql"
    contents.write_text(contents.read_text().replace(f"\\ir core/{name}.sql\n", ""))


def run_migrate(dsn: str) -> subprocess.Popen[str]:
    """Start the command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "pgbacklog", "migrate"], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "DATABASE_URL": dsn},
    )


def test_four_processes_at_once_make_one_schema(empty_db: Database) -> None:
    running = [run_migrate(empty_db.dsn) for _ in range(4)]
    outputs = [each.communicate(timeout=120)[0] for each in running]
    assert [each.returncode for each in running] == [0] * 4, "\n".join(outputs)
    assert sum("apply   0001_schemas_and_roles" in each for each in outputs) == 1
    assert all("nothing is pending, nothing drifts" in each for each in outputs)


@pytest.mark.parametrize("line", ["apply   0001", "apply   0002", "load "])
def test_a_killed_migration_is_finished_by_the_next(empty_db: Database, line: str) -> None:
    """The step after the printed line is cut off somewhere, by SIGKILL."""
    running = run_migrate(empty_db.dsn)
    assert running.stdout is not None
    for printed in running.stdout:
        if printed.startswith(line):
            running.kill()
            break
    running.communicate(timeout=60)
    assert running.returncode == -signal.SIGKILL
    done = run_migrate(empty_db.dsn)
    output, _ = done.communicate(timeout=120)
    assert done.returncode == 0, output
    assert schema.drift(empty_db.connect()) == []


def test_each_step_is_printed_and_a_second_run_only_loads_functions(empty_db: Database) -> None:
    first = CliRunner().invoke(main, ["--dsn", empty_db.dsn, "migrate"])
    assert first.exit_code == 0, first.output
    steps = [line.split()[0] for line in first.output.splitlines()]
    assert steps == ["apply"] * len(assets.migration_files()) + ["load", "check"]
    second = CliRunner().invoke(main, ["--dsn", empty_db.dsn, "migrate"])
    assert second.output.splitlines()[0] == "apply   nothing, every migration is in place"
    assert [line.split()[0] for line in second.output.splitlines()] == ["apply", "load", "check"]


def test_functions_are_loaded_even_when_no_migration_is_pending(db: Database) -> None:
    conn = db.connect()
    conn.execute("drop view backlog.settings")
    conn.execute("create or replace function backlog.version() returns text language sql "
                 "return 'forged'")
    schema.migrate(db.dsn)
    assert conn.execute("select backlog.version()").fetchone() == (schema.__version__,)
    assert conn.execute("select count(*) > 0 from backlog.settings").fetchone() == (True,)


def test_an_edited_migration_is_noticed(db: Database, own_assets: Path) -> None:
    edited = own_assets / "migrations" / "0001_schemas_and_roles.sql"
    edited.write_text(edited.read_text() + "-- harmless\n")
    result = CliRunner().invoke(main, ["--dsn", db.dsn, "migrate"])
    assert result.exit_code == 1
    assert "migration 0001_schemas_and_roles was edited after it had been applied" in result.output
    assert "[PB006]" in result.output
    assert "hint: Restore the file" in result.output


def test_line_ends_are_not_an_edit(db: Database, own_assets: Path) -> None:
    path = own_assets / "migrations" / "0001_schemas_and_roles.sql"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    schema.migrate(db.dsn)


def test_a_database_of_a_later_version_is_left_alone(db: Database) -> None:
    conn = db.connect()
    conn.execute("insert into backlog_internal.sealed_migration values "
                 "('9999_future', repeat('0', 64), now())")
    with pytest.raises(SchemaDriftError, match=r"9999_future, which pgbacklog .* does not know"):
        schema.migrate(db.dsn)


def test_a_failing_migration_leaves_nothing_and_can_be_repaired(
    empty_db: Database, own_assets: Path
) -> None:
    last = assets.migration_files()[-1].stem
    added = own_assets / "migrations" / "9000_added.sql"
    added.write_text(f"-- depends: {last}\ncreate table backlog_internal.added (added_id bigint);\n"
                     "select 1 / 0;\n")
    with pytest.raises(SchemaDriftError, match="migration 9000_added failed: division by zero"):
        schema.migrate(empty_db.dsn)
    conn = empty_db.connect()
    assert conn.execute("select to_regclass('backlog_internal.added')").fetchone() == (None,)
    added.write_text(added.read_text().replace("select 1 / 0;\n", ""))
    schema.migrate(empty_db.dsn)
    assert conn.execute("select to_regclass('backlog_internal.added')").fetchone() != (None,)


def test_a_process_that_died_before_marking_its_migration_is_repaired(db: Database) -> None:
    """The seal commits with the migration; the migration tool's own mark comes later."""
    conn = db.connect()
    conn.execute("delete from backlog_internal._yoyo_migration")
    said: list[str] = []
    schema.migrate(db.dsn, say=said.append)
    assert [line for line in said if line.startswith("mark")] == [
        f"mark    {path.stem}, applied before" for path in assets.migration_files()
    ]


def test_a_broken_function_rolls_the_whole_load_back(db: Database, own_assets: Path) -> None:
    before = set(db.connect().execute("select * from backlog_internal.live_objects()").fetchall())
    ship(own_assets, "broken", "create or replace view backlog.broken as\nselect no_such_column;\n")
    with pytest.raises(SchemaDriftError, match=r'sql/core/broken.sql:2: column "no_such_column"'):
        schema.migrate(db.dsn)
    after = set(db.connect().execute("select * from backlog_internal.live_objects()").fetchall())
    assert after == before


def test_what_is_no_longer_shipped_is_dropped(db: Database, own_assets: Path) -> None:
    ship(own_assets, "old_view", "create or replace view backlog.old_view as select 1 as one;")
    ship(own_assets, "old_function",
         "create or replace function backlog.old_function() returns bigint language sql "
         "begin atomic select count(*) from backlog.old_view; end;")
    schema.migrate(db.dsn)
    unship(own_assets, "old_view")
    unship(own_assets, "old_function")
    schema.migrate(db.dsn)
    found = db.connect().execute(
        "select to_regclass('backlog.old_view'), to_regprocedure('backlog.old_function()')"
    ).fetchone()
    assert found == (None, None)


def test_a_changed_argument_type_leaves_no_overload(db: Database, own_assets: Path) -> None:
    body = "create or replace function backlog.shifty(p_a {}) returns int language sql return 1;"
    ship(own_assets, "shifty", body.format("int"))
    schema.migrate(db.dsn)
    (own_assets / "sql" / "core" / "shifty.sql").write_text(body.format("bigint"))
    schema.migrate(db.dsn)
    found = db.connect().execute(
        "select oid::regprocedure::text from pg_proc where proname = 'shifty'"
    ).fetchall()
    assert found == [("backlog.shifty(bigint)",)]


def test_a_changed_return_type_says_what_to_do(db: Database, own_assets: Path) -> None:
    body = "create or replace function backlog.shifty() returns {} language sql return 1;"
    ship(own_assets, "shifty", body.format("int"))
    schema.migrate(db.dsn)
    (own_assets / "sql" / "core" / "shifty.sql").write_text(body.format("bigint"))
    with pytest.raises(SchemaDriftError) as caught:
        schema.migrate(db.dsn)
    assert caught.value.hint == (
        "A changed signature needs a migration that drops the old object first."
    )


def test_a_retired_view_that_somebody_uses_stops_the_migration(
    db: Database, own_assets: Path
) -> None:
    ship(own_assets, "old_view", "create or replace view backlog.old_view as select 1 as one;")
    schema.migrate(db.dsn)
    conn = db.connect()
    conn.execute("create view public.mine as select * from backlog.old_view")
    unship(own_assets, "old_view")
    with pytest.raises(SchemaDriftError, match=r"backlog.old_view is no longer part .* still used"):
        schema.migrate(db.dsn)
    assert conn.execute("select * from public.mine").fetchone() == (1,)


def test_a_function_of_somebody_else_in_our_schema_is_reported_not_dropped(db: Database) -> None:
    conn = db.connect()
    conn.execute("create function backlog.rogue() returns int language sql return 1")
    with pytest.raises(SchemaDriftError, match=r"function backlog.rogue\(\): extra"):
        schema.migrate(db.dsn)
    assert conn.execute("select backlog.rogue()").fetchone() == (1,)


def test_a_table_changed_by_hand_stops_the_migration_until_it_is_adopted(db: Database) -> None:
    db.connect().execute("alter table backlog_internal.setting add column note text")
    with pytest.raises(SchemaDriftError, match=r"table backlog_internal.setting: changed"):
        schema.migrate(db.dsn)
    schema.migrate(db.dsn, adopt=True)
    schema.migrate(db.dsn)


def test_a_long_migration_elsewhere_is_waited_for_in_short_polls(db: Database) -> None:
    """A waiter inside pg_advisory_lock holds a snapshot that a concurrent index build awaits."""
    holder = db.connect()
    holder.execute("select pg_advisory_lock(hashtextextended('pgbacklog.migrate', 0))")
    said: list[str] = []
    with pytest.raises(SchemaDriftError, match="another migration has been running"):
        schema.migrate(db.dsn, lock_timeout=0.5, say=said.append)
    assert said == ["wait    for another migration to finish"]


def test_a_role_without_rights_is_told_so(db: Database) -> None:
    conn = db.connect()
    name = f"stranger_{db.name}"
    conn.execute(f'create role "{name}" login')
    try:
        result = CliRunner().invoke(
            main, ["--dsn", make_conninfo(db.dsn, user=name), "migrate"]
        )
        assert result.exit_code == 1
        assert "permission denied" in result.output
        assert "Traceback" not in result.output
    finally:
        conn.execute(f'drop role "{name}"')


def test_an_address_that_nobody_answers_gets_its_own_exit_status() -> None:
    result = CliRunner().invoke(main, ["--dsn", "host=/nowhere dbname=x", "migrate"])
    assert result.exit_code == 3
    assert "hint: Check --dsn, DATABASE_URL" in result.output


def test_yoyo_keeps_its_tables_in_the_internal_schema(db: Database) -> None:
    found = db.connect().execute(
        "select distinct relnamespace::regnamespace::text from pg_class where relname ~ 'yoyo'"
    ).fetchall()
    assert found == [("backlog_internal",)]


def test_every_migration_names_the_one_before_it() -> None:
    previous = ""
    for number, path in enumerate(assets.migration_files(), start=1):
        first_line = path.read_text().splitlines()[0]
        assert path.stem.startswith(f"{number:04}_")
        assert first_line.strip() == f"-- depends: {previous}".strip()
        assert path.read_text().isascii(), f"{path.name} is read in the locale's encoding"
        previous = path.stem


@pytest.mark.parametrize("path", assets.migration_files(), ids=lambda path: path.stem)
def test_the_migration_tool_finds_the_statements_that_postgresql_finds(path: Path) -> None:
    """It splits scripts by a parser of its own, which nested comments can mislead."""
    script = path.read_text()
    assert len(sqlparse.split(script)) == len(pglast.split(script))


def test_psycopg_errors_of_other_kinds_pass_through(db: Database) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable):
        db.connect().execute("select * from no_such_table")
