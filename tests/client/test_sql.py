"""pgbacklog sql: one script that psql can run, equal to what migrate makes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from click.testing import CliRunner

from pgbacklog import assets, schema
from pgbacklog.cli import main
from pgbacklog.embedded import Binaries

from support import reference
from support.database import Database
from support.parts import missing

OBJECTS = """
  select kind, object, md5 from backlog_internal.live_objects()
  union all select 'comment', pg_describe_object(d.classoid, d.objoid, d.objsubid),
    md5(d.description)
  from pg_description as d
  where pg_describe_object(d.classoid, d.objoid, d.objsubid) like '%backlog%'
    and pg_describe_object(d.classoid, d.objoid, d.objsubid) not like '%yoyo%'
"""


def psql_program() -> str:
    """Return psql: the server's own, else the one on PATH."""
    beside = Binaries.find().bin_dir / "psql"
    found = str(beside) if beside.exists() else shutil.which("psql")
    if found is None:
        missing("no psql beside the server's programs or on PATH; install a PostgreSQL client")
    return found


def psql(dsn: str, *arguments: str, script: str = "") -> subprocess.CompletedProcess[str]:
    """Run psql without a start-up file."""
    return subprocess.run(
        [psql_program(), "-X", "-q", "-d", dsn, *arguments], input=script, text=True,
        capture_output=True, timeout=120,
    )


def script(tmp_path: Path) -> str:
    result = CliRunner().invoke(main, ["sql"], env={"DATABASE_URL": "host=/nowhere"})
    assert result.exit_code == 0
    path = tmp_path / "install.sql"
    path.write_text(result.output)
    return str(path)


def test_psql_makes_the_same_schema_as_migrate(
    empty_db: Database, cluster: object, tmp_path: Path
) -> None:
    done = psql(empty_db.dsn, "-1", "-f", script(tmp_path))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    with cluster.database("template0") as other:  # type: ignore[attr-defined]
        schema.migrate(other.dsn)
        ours, theirs = empty_db.connect(), other.connect()
        assert reference.schema_listing(ours) == reference.schema_listing(theirs)
        assert set(ours.execute(OBJECTS).fetchall()) == set(theirs.execute(OBJECTS).fetchall())
        for table in ("fingerprint", "sealed_migration", "release"):
            text = ("select to_jsonb(t) - 'applied_at' - 'loaded_at' "
                    f"from backlog_internal.{table} as t")
            assert sorted(map(str, ours.execute(text))) == sorted(map(str, theirs.execute(text)))


def test_migrate_knows_what_the_script_applied(empty_db: Database, tmp_path: Path) -> None:
    assert psql(empty_db.dsn, "-1", "-f", script(tmp_path)).returncode == 0
    said: list[str] = []
    schema.migrate(empty_db.dsn, say=said.append)
    assert [line for line in said if line.startswith("apply")] == [
        "apply   nothing, every migration is in place"
    ]
    assert schema.drift(empty_db.connect()) == []


def test_the_script_refuses_to_run_outside_a_transaction(
    empty_db: Database, tmp_path: Path
) -> None:
    done = psql(empty_db.dsn, "-f", script(tmp_path))
    assert done.returncode != 0
    assert "the installer does not run in one transaction" in done.stderr
    assert empty_db.connect().execute("select to_regnamespace('backlog')").fetchone() == (None,)


def test_the_script_refuses_a_database_that_has_it(db: Database, tmp_path: Path) -> None:
    done = psql(db.dsn, "-1", "-f", script(tmp_path))
    assert done.returncode != 0
    assert "pgbacklog is installed already" in done.stderr
    assert "Run pgbacklog migrate" in done.stderr


def test_the_table_of_contents_can_be_run_by_hand(db: Database) -> None:
    done = psql(db.dsn, "-1", "-v", "ON_ERROR_STOP=1", "-f",
                str(assets.asset_dir("sql") / "install.sql"))
    assert done.returncode == 0, done.stderr
    assert schema.drift(db.connect()) == []


def test_the_script_holds_no_file_reference() -> None:
    assert "\\ir" not in schema.installer().replace("`\\ir", "")


def test_a_nontransactional_migration_cannot_hide_in_the_script() -> None:
    """psql -1 runs everything in one transaction; such a migration needs a way of its own."""
    for path in assets.migration_files():
        assert "transactional: false" not in path.read_text()
        assert "concurrently" not in path.read_text().lower()
