"""The wheel and the source archive carry everything that migrate needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from support.database import Database

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built the long way: from the source archive."""
    folder = tmp_path_factory.mktemp("dist")
    build = "import sys; from hatchling import build; print(build.build_{}(sys.argv[1]))"

    def run(kind: str, where: Path) -> Path:
        done = subprocess.run(
            [sys.executable, "-c", build.format(kind), str(folder)],
            cwd=where, check=True, capture_output=True, text=True,
        )
        return folder / done.stdout.splitlines()[-1]

    archive = run("sdist", ROOT)
    shutil.unpack_archive(archive, folder / "source")
    (source,) = (folder / "source").iterdir()
    return run("wheel", source)


def test_the_wheel_holds_every_file_of_sql_and_migrations(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    for kind in ("sql", "migrations"):
        for path in (ROOT / kind).rglob("*.sql"):
            assert f"pgbacklog/{path.relative_to(ROOT).as_posix()}" in inside
    assert "pgbacklog/py.typed" in inside


def test_migrate_works_from_the_wheel(wheel: Path, tmp_path: Path, empty_db: Database) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "DATABASE_URL": empty_db.dsn}

    def run(*arguments: str) -> str:
        return subprocess.run(
            [sys.executable, *arguments], cwd="/", env=environment, check=True,
            capture_output=True, text=True,
        ).stdout

    where = run("-c", "import pgbacklog.assets as a; print(a.__file__, a.asset_dir('sql'))")
    assert where.split() == [
        str(tmp_path / "pgbacklog" / "assets.py"), str(tmp_path / "pgbacklog" / "sql")
    ]
    assert "nothing is pending, nothing drifts" in run("-m", "pgbacklog", "migrate")
    assert run("-m", "pgbacklog", "drift") == "nothing drifts\n"


def test_migrate_works_in_a_locale_without_utf8(empty_db: Database) -> None:
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0",
                   "DATABASE_URL": empty_db.dsn}
    subprocess.run([sys.executable, "-m", "pgbacklog", "migrate"], env=environment, check=True,
                   capture_output=True)
