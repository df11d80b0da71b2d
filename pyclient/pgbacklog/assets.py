"""Find and read the SQL that ships with the package."""

from __future__ import annotations

import re
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_INCLUDE = re.compile(r"^\\ir (?P<file>\S+)$", re.MULTILINE)


def asset_dir(kind: str) -> Path:
    """Return the folder `sql` or `migrations`: the checkout's own, else the wheel's copy.

    An editable install leaves a stale copy beside the package, so the checkout is asked first.
    """
    checkout = _PACKAGE.parent.parent
    homes = [_PACKAGE]
    if (checkout / "pyproject.toml").is_file():
        homes.insert(0, checkout)
    for home in homes:
        if (home / kind).is_dir():
            return home / kind
    raise FileNotFoundError(f"pgbacklog was installed without its folder {kind}/")


def sql_files() -> list[Path]:
    """Return the files that install.sql names, in load order."""
    install = asset_dir("sql") / "install.sql"
    return [install.parent / found["file"] for found in _INCLUDE.finditer(read_text(install))]


def migration_files() -> list[Path]:
    """Return the migrations in order."""
    return sorted(asset_dir("migrations").glob("[0-9]*.sql"))


def read_text(path: Path) -> str:
    """Read a file the same way whatever the locale."""
    return path.read_text(encoding="utf-8")
