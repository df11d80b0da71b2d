"""House rules about files: what is where, under which name, and how large."""

from __future__ import annotations

import hashlib
import re
import tokenize
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from pgbacklog import assets

ROOT = Path(__file__).parents[2]
SQL = ROOT / "sql"
# About 1,500 for the queue and loads, 800 for hooks with their connections and commands, and what
# runs writers.
PYTHON_BUDGET = 2450
# What only serves an extra (demo, embedded) or backfills is not part of the thin client.
EXTRAS = {
    "demo", "demo.py", "embedded.py", "supervisor.py", "writers", "backfill.py", "comparison.py",
    "predicate.py", "snapshots.py",
}  # fmt: skip
# The installer's own steps, and what it never runs.
NO_OBJECT = {"install.sql", "begin.sql", "seal.sql", "triggers.sql", "grants.sql", "uninstall.sql"}
CREATED = re.compile(
    r"^create or replace (?P<kind>function|procedure|view)\s+(?P<schema>\w+)\.(?P<name>\w+)",
    re.M,
)


def object_files() -> list[Path]:
    """Return every file that makes a function or view."""
    return sorted(path for path in SQL.rglob("*.sql") if path.name not in NO_OBJECT)


def refused(paths: list[Path], rule: Callable[[Path], str | None]) -> list[str]:
    """Return what a rule has to say against files; one test for each would cost more than all of them."""
    found = ((path.relative_to(ROOT), rule(path)) for path in paths)
    return [f"{path}: {problem}" for path, problem in found if problem is not None]


def test_install_lists_every_file_once() -> None:
    listed = [str(path.relative_to(SQL)) for path in assets.sql_files()]
    assert len(listed) == len(set(listed))
    present = {str(path.relative_to(SQL)) for path in SQL.rglob("*.sql")}
    assert present - set(listed) == {"install.sql", "uninstall.sql"}
    assert set(listed) - present == set()


def test_install_is_a_table_of_contents() -> None:
    for line in (SQL / "install.sql").read_text().splitlines():
        assert not line or line.startswith(("-- ", "\\ir ")), line


def test_a_file_makes_one_object_of_its_name() -> None:
    def rule(path: Path) -> str | None:
        made = [found["name"] for found in CREATED.finditer(path.read_text())]
        return None if made == [path.stem] else f"makes {made}"

    assert refused(object_files(), rule) == []


def test_a_file_ends_with_the_manual_of_its_object() -> None:
    def rule(path: Path) -> str | None:
        text = path.read_text()
        made = CREATED.search(text)
        assert made is not None
        comment = rf"^comment on {made['kind']} {made['schema']}\.{made['name']}\b"
        return None if re.search(comment, text, re.M) else "no comment on the object"

    assert refused(object_files(), rule) == []


def test_sql_is_ascii_lower_case_and_narrow() -> None:
    files = [*SQL.rglob("*.sql"), *(ROOT / "migrations").glob("*.sql")]
    assert len(files) > 100
    assert refused(files, style_problem) == []


def style_problem(path: Path) -> str | None:
    """Return what is wrong with the style of a file in SQL, or None."""
    text = path.read_text(encoding="utf-8")
    if not text.isascii() or "\t" in text or not text.endswith("\n"):
        return "it is not ASCII, has a tab, or does not end with a line"
    for number, line in enumerate(text.splitlines(), start=1):
        if line != line.rstrip():
            return f"line {number} ends in a space"
        # Comments on columns and lists of grants read better as one long line each. The aim is 100; what cannot
        # be wrapped well may be a little longer.
        if len(line) > 120 and not re.match(r"comment on |grant |  \('PB|  \('\w+', '", line):
            return f"line {number} has {len(line)} characters"
    keyword = re.search(r"^\s*(CREATE|SELECT|INSERT|UPDATE|DELETE|BEGIN|DECLARE)\b", text, re.M)
    return None if keyword is None else f"{keyword[1]} is in upper case"


def test_a_test_names_every_object() -> None:
    """A public function or view is named by a test; a helper at least by what uses it."""
    tests = [*(ROOT / "tests").rglob("test_*.sql"), *(ROOT / "tests").rglob("test_*.py")]
    in_tests = set().union(*map(words, tests))
    sql = {path: words(path) for path in SQL.rglob("*.sql") if path != SQL / "install.sql"}
    used = Counter(word for found in sql.values() for word in found)
    in_schema = words(ROOT / "pyclient" / "pgbacklog" / "schema.py")

    def rule(path: Path) -> str | None:
        made = CREATED.search(path.read_text())
        assert made is not None
        name = path.stem
        if name in in_tests:
            return None
        by_others = used[name] > (name in sql[path]) or name in in_schema
        if made["schema"] == "backlog_internal" and by_others:
            return None
        return f"write tests/sql/{path.parent.name}/test_{name}.sql"

    assert refused(object_files(), rule) == []


def words(path: Path) -> set[str]:
    """Return the words of a file."""
    return set(re.findall(r"\w+", path.read_text()))


def test_migrations_hold_no_functions_views_or_triggers() -> None:
    for path in assets.migration_files():
        assert not re.search(
            r"^create (or replace )?(function|procedure|view|trigger)", path.read_text(), re.M
        ), path.name


def test_sealed_migrations_are_unchanged() -> None:
    sealed = dict(
        reversed(line.split()) for line in (ROOT / "migrations/SHA256SUMS").read_text().splitlines()
    )
    present = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in assets.migration_files()
    }
    assert present == sealed, "`make seal` records a new migration; a released one is never edited"


def code_lines(path: Path) -> int:
    """Count the lines of a module that hold code: no comments, docstrings or empty lines."""
    lines: set[int] = set()
    skipped = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
               tokenize.ENCODING, tokenize.ENDMARKER)
    previous = tokenize.NEWLINE
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            docstring = token.type == tokenize.STRING and previous in (
                tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.NL, tokenize.ENCODING
            )
            if token.type not in skipped and not docstring:
                lines.update(range(token.start[0], token.end[0] + 1))
            if token.type != tokenize.COMMENT:
                previous = token.type
    return len(lines)


def test_the_client_stays_thin() -> None:
    package = ROOT / "pyclient" / "pgbacklog"
    counted = {
        str(path.relative_to(package)): code_lines(path)
        for path in package.rglob("*.py")
        if not set(path.relative_to(package).parts) & EXTRAS
    }
    assert sum(counted.values()) <= PYTHON_BUDGET, dict(sorted(counted.items()))


def test_the_top_level_is_what_the_rule_book_says() -> None:
    allowed = {"pyproject.toml", "Makefile", "README.md", "CHANGELOG.md", "CONTRIBUTING.md",
               "LICENSE", "sql", "migrations", "pyclient", "tests", "docs"}
    ignored = {"dist", "build"}
    present = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert present - ignored <= allowed


def test_no_file_is_called_by_what_it_is_not() -> None:
    vague = {"utils", "util", "common", "misc", "helpers", "helper", "tools"}
    for folder in ("sql", "pyclient", "tests", "migrations"):
        assert not [path for path in (ROOT / folder).rglob("*") if path.stem in vague]
