"""What any page names exists: files, links, headings, objects, error codes, commands, options."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import click
import pytest

from pgbacklog.cli import main

from support.database import Database
from support.documents import ROOT, blocks, pages

# A name that ends with an underscore is the beginning of many.
_OBJECT = re.compile(
    r"\b(backlog(?:_internal)?)\.([a-z][a-z_0-9]*[a-z0-9])(?![a-z_0-9])(?!\.(?:md|sql|py))"
)
_CODE = re.compile(r"\bPB\d{3}\b")
_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_SPAN = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"(?<![\w/.-])(?:sql|migrations|pyclient|tests|docs|\.ci)/[\w./*-]*")
_COMMAND = re.compile(r"(?<![\w/.'\[-])pgbacklog((?: +[\w./:=,@-]+)+)")
_HEADING = re.compile(r"^#+ +(.+?)\s*$", re.M)

parametrize_pages = pytest.mark.parametrize(
    "page", pages(), ids=lambda page: str(page.relative_to(ROOT))
)


def prose(text: str) -> str:
    """Return a page without its fenced blocks."""
    for block in blocks(text):
        text = text.replace(block.body, "")
    return text


def slug(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    plain = re.sub(r"[`*_]|\]\([^)]*\)|\[", "", heading.lower())
    return re.sub(r"[^\w -]", "", plain).strip().replace(" ", "-")


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings."""
    return {slug(heading) for heading in _HEADING.findall(prose(page.read_text()))}


def broken_links(page: Path) -> Iterator[str]:
    for found in _LINK.finditer(prose(page.read_text())):
        target = found["target"]
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = unquote(target).partition("#")
        goal = (page.parent / name).resolve() if name else page
        if not goal.exists() or (anchor and anchor not in anchors(goal)):
            yield target


def missing_paths(page: Path) -> Iterator[str]:
    for span in _SPAN.findall(prose(page.read_text())):
        for path in _PATH.findall(span):
            if not any(ROOT.glob(path.rstrip("/."))):
                yield path


def commands(text: str) -> Iterator[list[str]]:
    """Yield the words after ``pgbacklog`` wherever a page shows a command."""
    shown = _SPAN.findall(prose(text))
    shown += [block.body for block in blocks(text) if block.language in ("console", "sh", "text")]
    for part in shown:
        for found in _COMMAND.finditer(part):
            yield found[1].split()


def complaint_about(words: list[str]) -> str | None:
    """Return what is wrong with a command line, or None."""
    command: click.Command = main
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        if words[0] not in command.commands:
            return f"no command {words[0]}"
        command = command.commands[words.pop(0)]
    known = {name for each in (main, command) for param in each.params for name in param.opts}
    known |= {"--help", "--version"}
    unknown = [word for word in words if word.startswith("--") and word.split("=")[0] not in known]
    return f"{command.name} has no {', '.join(unknown)}" if unknown else None


@parametrize_pages
def test_every_link_leads_somewhere(page: Path) -> None:
    assert list(broken_links(page)) == []


@parametrize_pages
def test_every_path_exists(page: Path) -> None:
    assert list(missing_paths(page)) == []


@parametrize_pages
def test_every_command_exists(page: Path) -> None:
    complaints = [(words, complaint_about(list(words))) for words in commands(page.read_text())]

    assert [each for each in complaints if each[1]] == []


def test_every_object_exists(db: Database) -> None:
    existing = {
        f"{schema}.{name}"
        for schema, name in db.connect().execute(
            """
            select n.nspname, o.name
            from pg_namespace as n
            join (
              select p.pronamespace, p.proname from pg_proc as p
              union all
              select c.relnamespace, c.relname from pg_class as c
            ) as o (namespace, name) on o.namespace = n.oid
            where n.nspname in ('backlog', 'backlog_internal')
            """
        )
    }
    named = {
        (str(page.relative_to(ROOT)), f"{schema}.{name}")
        for page in pages()
        for schema, name in _OBJECT.findall(page.read_text())
    }

    assert {each for each in named if each[1] not in existing} == set()


def test_every_error_code_exists(db: Database) -> None:
    existing = {code for (code,) in db.connect().execute("select code from backlog.error_codes")}
    named = {
        (str(page.relative_to(ROOT)), code)
        for page in pages()
        for code in _CODE.findall(page.read_text())
    }

    assert {each for each in named if each[1] not in existing} == set()


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("migrate", None),
        ("--dsn postgresql://h/d migrate", None),
        ("nonsense", "no command nonsense"),
        ("migrate --nonsense", "migrate has no --nonsense"),
    ],
)
def test_wrong_commands_are_noticed(line: str, wrong: str | None) -> None:
    words = [word for word in line.split() if not word.startswith("postgresql:")]
    words = words[1:] if words[0] == "--dsn" else words
    assert complaint_about(words) == wrong


def test_a_broken_link_and_a_missing_path_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A `b` c\n[good](#a-b-c) [bad](#d) [gone](gone.md) `sql/gone.sql` `sql/core/`\n"
    )

    assert list(broken_links(page)) == ["#d", "gone.md"]
    assert list(missing_paths(page)) == ["sql/gone.sql"]
