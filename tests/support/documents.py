"""Read the examples of a Markdown page and run them as a reader would: from top to bottom.

A fenced block runs if its language is sql, python or console; any other is only shown. A block
``text`` right after such a block is its expected output, where ``...`` stands for anything and runs
of spaces and of dashes count as one. The info string ``python file=hooks.py`` writes a file
instead of running it, in any language; ``shown=only`` exempts what would outlive the database, such
as roles; ``sql on=mysql`` runs on a MariaDB server, at whose database ``audit`` the variables
MYSQL_HOST, MYSQL_PORT and MYSQL_PASSWORD of the other blocks point.

A line of a console block that begins with ``$ `` is a command; what ends with ``&`` runs until the
page is done.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from support.parts import MariaDatabase

ROOT = Path(__file__).resolve().parents[2]
RUNNABLE = ("sql", "python", "console")
TIMEOUT = 600  # seconds for one block
SETTLE = 1.0  # seconds until a command in the background is at work
_FENCE = re.compile(r"^(?P<fence>```+)(?P<info>[^\n`]*)\n(?P<body>.*?)^(?P=fence)\s*$", re.M | re.S)


@dataclass(frozen=True)
class Block:
    """A fenced block: where it begins, its language and options, what it says."""

    line: int
    language: str
    options: dict[str, str]
    body: str


@dataclass(frozen=True)
class Example:
    """A block to run, and the output it must give, if the page shows one."""

    block: Block
    expected: str | None


def pages() -> list[Path]:
    """Return every page that a reader of the repository may open."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(text: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page."""
    for found in _FENCE.finditer(text):
        language, *options = found["info"].split() or [""]
        line = text.count("\n", 0, found.start()) + 1
        yield Block(line, language, dict(o.split("=", 1) for o in options), found["body"])


def examples(text: str) -> list[Example]:
    """Return the examples of a page, in order."""
    found = list(blocks(text))
    following: list[Block | None] = [*found[1:], None]
    return [
        Example(block, after.body if after and after.language == "text" else None)
        for block, after in zip(found, following, strict=False)
        if (block.language in RUNNABLE or "file" in block.options) and "shown" not in block.options
    ]


def matches(expected: str, actual: str) -> bool:
    """Compare outputs, with ``...`` as a wildcard and without regard to layout."""
    pattern = ".*?".join(re.escape(part) for part in _normal(expected).split("..."))
    return re.fullmatch(pattern.strip(), _normal(actual), re.S) is not None


def _normal(text: str) -> str:
    # Column widths depend on values that differ from run to run.
    text = re.sub(r"-{2,}(\+-+)*", "--", text)
    return re.sub(r"\s+", " ", text).strip()


class Reader:
    """Somebody who types in the examples of one page, in one folder, against one database."""

    def __init__(self, dsn: str, folder: Path, mysql: MariaDatabase | None = None) -> None:
        self.dsn, self.folder, self.mysql = dsn, folder, mysql
        scripts = Path(sys.executable).parent
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PG")},
            "DATABASE_URL": dsn,
            "PATH": f"{scripts}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "pyclient"),
            "COLUMNS": "100",
        }
        if mysql is not None:
            self.environment |= {
                "MYSQL_HOST": "127.0.0.1", "MYSQL_PORT": str(mysql.server.port),
                "MYSQL_PASSWORD": mysql.server.password,
            }  # fmt: skip
        self._background: list[subprocess.Popen[bytes]] = []

    def run(self, block: Block) -> str:
        """Run one block and return its output; raise AssertionError if it fails."""
        if "file" in block.options:
            (self.folder / block.options["file"]).write_text(block.body)
            return ""
        if block.options.get("on") == "mysql":
            return self._run_mysql(block.body)
        if block.language == "sql":
            return self._run_sql(block.body)
        if block.language == "python":
            return self._run_command([sys.executable, "-c", block.body])
        return "".join(self._type_in(line) for line in block.body.splitlines())

    def close(self) -> None:
        """Stop what still runs in the background."""
        for process in self._background:
            os.killpg(process.pid, signal.SIGTERM)
        for process in self._background:
            process.wait(TIMEOUT)

    def _type_in(self, line: str) -> str:
        if not line.startswith("$ "):
            raise AssertionError(f"a line of a console block must begin with '$ ': {line}")
        command = line.removeprefix("$ ")
        if command.endswith("&"):
            process = subprocess.Popen(
                ["bash", "-c", "exec " + command.rstrip("& ")],
                cwd=self.folder, env=self.environment, start_new_session=True,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            self._background.append(process)
            time.sleep(SETTLE)
            return ""
        return self._run_command(["bash", "-c", command])

    def _run_command(self, command: list[str]) -> str:
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True,
            timeout=TIMEOUT, check=False,
        )  # fmt: skip
        if done.returncode:
            raise AssertionError(f"exit status {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def _run_sql(self, script: str) -> str:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            server = connection.pgconn
            notices: list[str] = []
            connection.add_notice_handler(lambda d: notices.append(d.message_primary or ""))
            server.send_query(script.encode())
            # One query string is one transaction, unless it says otherwise.
            results = []
            while result := _next_result(connection):
                results.append(result)
        failed = [r for r in results if r.status == psycopg.pq.ExecStatus.FATAL_ERROR]
        if failed:
            raise AssertionError(failed[0].error_message.decode())
        return "\n".join([*map(as_table, results), *notices])

    def _run_mysql(self, script: str) -> str:
        assert self.mysql is not None, "the page needs a MariaDB server"
        tables = []
        for names, rows in self.mysql.results(script):
            cells = [["" if value is None else str(value) for value in row] for row in rows]
            tables.append(_table(names, cells))
        return "\n".join(tables)


def _next_result(connection: psycopg.Connection[object]) -> psycopg.pq.abc.PGresult | None:
    result: psycopg.pq.abc.PGresult | None = connection.pgconn.get_result()
    return result


def as_table(result: psycopg.pq.abc.PGresult) -> str:
    """Render a result as psql does; nothing for a statement without rows."""
    if result.status != psycopg.pq.ExecStatus.TUPLES_OK:
        return ""
    columns = range(result.nfields)
    return _table(
        [(result.fname(c) or b"").decode() for c in columns],
        [[(result.get_value(r, c) or b"").decode() for c in columns] for r in range(result.ntuples)],
    )


def _table(names: list[str], rows: list[list[str]]) -> str:
    count = f"({len(rows)} row{'s' if len(rows) != 1 else ''})"
    rule = "+".join(["--"] * len(names))
    return "\n".join([" | ".join(names), rule, *map(" | ".join, rows), count])
