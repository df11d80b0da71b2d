"""Fixtures for every test, and the collector that runs tests/sql/**/test_*.sql.

The server is the one of DATABASE_URL or the PG* variables, else an embedded one. PG_BIN names the
programs of the embedded one, to test another major version.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgbacklog import server
from pgbacklog.embedded import EmbeddedServer

from support.database import Cluster, Database
from support.listening import ListenerProcess
from support.parts import MariaDatabase, MariaDB, PgBouncer

Listen = Callable[..., ListenerProcess]

if os.environ.get("PG_BIN"):
    os.environ["PGBACKLOG_PG_BIN"] = os.environ["PG_BIN"]

# Nothing that a test writes has to survive a power cut.
FAST = {"fsync": "off", "synchronous_commit": "on", "full_page_writes": "off",
        "max_connections": "200", "autovacuum_naptime": "5s"}
_shared = pytest.StashKey[Cluster]()
_closing = pytest.StashKey[ExitStack]()


def open_folder() -> Path:
    """Make a temporary folder that the server's account may pass through."""
    folder = Path(tempfile.mkdtemp(prefix="pgbacklog-test-"))
    folder.chmod(0o711)
    return folder


def shared_cluster(config: pytest.Config) -> Cluster:
    """Return the server of this test run with its template, made when first needed."""
    if _shared not in config.stash:
        closing = config.stash[_closing] = ExitStack()
        dsn = os.environ.get("DATABASE_URL", "")
        if not dsn and not any(os.environ.get(name) for name in server.LIBPQ_VARIABLES):
            folder = open_folder()
            closing.callback(shutil.rmtree, folder, ignore_errors=True)
            embedded = EmbeddedServer(base=folder, options=FAST)
            dsn = embedded.start()
            closing.callback(embedded.stop)
        cluster = config.stash[_shared] = Cluster(dsn)
        closing.callback(cluster.close)
        cluster.drop_abandoned()
        cluster.make_template()
    return config.stash[_shared]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what the run started."""
    if _closing in config.stash:
        config.stash[_closing].close()


@pytest.fixture(scope="session")
def cluster(pytestconfig: pytest.Config) -> Cluster:
    """The server of this test run."""
    return shared_cluster(pytestconfig)


@pytest.fixture
def db(cluster: Cluster) -> Iterator[Database]:
    """A fresh database with the schema; `.dsn` and `.connect()`."""
    with cluster.database() as database:
        yield database


@pytest.fixture
def empty_db(cluster: Cluster) -> Iterator[Database]:
    """A fresh database without the schema."""
    with cluster.database("template0") as database:
        yield database


@pytest.fixture
def own_server() -> Iterator[EmbeddedServer]:
    """A server that the test may kill; not the one that other tests use."""
    folder = open_folder()
    # What a process has written outlives it; half a page may be all that a killed one wrote, so that stays on.
    embedded = EmbeddedServer(base=folder, options={"max_connections": "50", "fsync": "off"})
    try:
        embedded.start()
        yield embedded
    finally:
        embedded.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def listen(db: Database, tmp_path: Path) -> Iterator[Listen]:
    """Start a listener process: `listen(hooks, *options)`; ends with the test."""
    started: list[ListenerProcess] = []

    def start(hooks: str, *options: str, dsn: str | None = None) -> ListenerProcess:
        started.append(ListenerProcess(dsn or db.dsn, tmp_path, hooks, *options))
        return started[-1].ready()

    yield start
    for process in started:
        process.close()


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """A private MariaDB server of this test run; tests take `mysql_db`, unless they stop it."""
    server = MariaDB()
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
def mysql_db(mariadb: MariaDB) -> Iterator[MariaDatabase]:
    """A fresh MariaDB database; `.url()` and `.query()`."""
    with mariadb.database() as database:
        yield database


@pytest.fixture(scope="session")
def pgbouncer(cluster: Cluster) -> Iterator[Callable[[str], PgBouncer]]:
    """A private PgBouncer before the server of this run: `pgbouncer("transaction").dsn(db.name)`."""
    started: dict[str, PgBouncer] = {}

    def start(pool_mode: str) -> PgBouncer:
        if pool_mode not in started:
            started[pool_mode] = PgBouncer(cluster.dsn, pool_mode)
            started[pool_mode].start()
        return started[pool_mode]

    yield start
    for pooler in started.values():
        pooler.close()


def pytest_collect_file(parent: pytest.Collector, file_path: Path) -> pytest.Collector | None:
    """Collect SQL tests."""
    if file_path.suffix == ".sql" and file_path.name.startswith("test_"):
        return SqlFile.from_parent(parent, path=file_path)
    return None


class SqlFile(pytest.File):
    """One script of assertions."""

    def collect(self) -> Iterable[pytest.Item]:
        """Give one test for the whole script."""
        yield SqlItem.from_parent(self, name=self.path.stem)


class SqlItem(pytest.Item):
    """One script, run as written: it opens and rolls back its own transaction."""

    def runtest(self) -> None:
        """Run the script; fail unless it kept its plan and every line is ok."""
        cluster = shared_cluster(self.config)
        with psycopg.connect(cluster.scratch(), autocommit=True) as conn:
            conn.execute("set search_path = tap, public")
            lines = tap_lines(conn, self.path.read_text(encoding="utf-8"))
        if complaint := judge(lines):
            raise AssertionError("\n".join([complaint, *lines]))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:
        """Show the lines of the script, not Python's stack; for an error, where it happened."""
        error = excinfo.value
        if isinstance(error, psycopg.Error):
            position = error.diag.statement_position
            context = f"\nCONTEXT: {error.diag.context}" if error.diag.context else ""
            line = ""
            if position:
                before = self.path.read_text(encoding="utf-8")[: int(position)]
                line = f" at {self.path.name}:{before.count(chr(10)) + 1}"
            return f"{error.sqlstate}{line}: {error}{context}"
        return str(error)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Say where the test is."""
        return self.path, 0, f"{self.path.parent.name}/{self.path.name}"


def tap_lines(conn: psycopg.Connection[Any], script: str) -> list[str]:
    """Run a script and return the lines of text that its statements return."""
    lines: list[str] = []
    cursor = conn.execute(script.encode())
    while True:
        if cursor.description and len(cursor.description) == 1:
            for (value,) in cursor:
                if isinstance(value, str):
                    lines += value.splitlines()
        if not cursor.nextset():
            return lines


def judge(lines: list[str]) -> str | None:
    """Return what is wrong with the lines of a script, or None."""
    planned = [int(line[3:]) for line in lines if line.startswith("1..")]
    ran = [line for line in lines if line.startswith(("ok - ", "not ok - "))]
    failed = [line for line in ran if line.startswith("not ok")]
    if failed:
        return f"{len(failed)} of {len(ran)} assertions failed"
    if len(planned) != 1:
        return "the script has no plan, or several"
    if len(ran) != planned[0]:
        return f"planned {planned[0]} assertions but ran {len(ran)}"
    if "# finished" not in lines:
        return "the script lacks: select * from finish();"
    return None
