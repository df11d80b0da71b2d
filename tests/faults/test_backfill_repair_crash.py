"""Workers and servers die at every edge of a repair, and in the middle of a comparison; what is left is compared exactly."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgbacklog import schema
from pgbacklog.embedded import EmbeddedServer

from support.backfilling import create, read_parquet, state, url
from support.crashing import (
    connections,
    ended,
    kill_server,
    prepare,
    reachable,
    source,
    unless_locked,
)
from support.database import Database
from support.halting import EVERYWHERE, Halts
from support.listening import PATIENCE, eventually
from support.parts import MariaDatabase, MariaDB

pytestmark = pytest.mark.slow

ROWS, BATCH = 3000, 100
DATABASE = [*EVERYWHERE, "in commit", "before delete", "after delete"]
EDGES = {
    "postgres": DATABASE, "mysql": DATABASE, "duckdb": DATABASE,
    "parquet": [*EVERYWHERE, "after rename", "before remove"],
}  # fmt: skip
COMPARING = ["in comparison", "after comparison"]
TABLE = "create table orders (id int primary key, region varchar(10), note varchar(40))"
QUERY = "select id, region, note from orders"
# Three rows of four differ, are missing or too much.
CHANGES = """
    update orders set note = 'new' || id where id % 4 = 0;
    delete from orders where id % 8 = 1;
    insert into orders select i, 'late', md5(i::text) from generate_series(2, 3000, 8) as i
"""
# After the comparison, and before the repair: what differed goes, what was too much comes back.
SINCE = """
    delete from orders where id % 8 = 4;
    insert into orders select i, 'back', 'again' from generate_series(9, 3000, 16) as i
"""
Ask = Callable[[str], list[tuple[Any, ...]]]


class Scene:
    """A copy of the table orders that has come to differ, and what can be done to it."""

    def __init__(self, dsn: str, folder: Path, kind: str, options: dict[str, Any], read: Callable[[], Any]) -> None:
        self.dsn, self.folder, self.kind, self.options, self.read = dsn, folder, kind, options, read
        self.made = 0

    def copy(self) -> None:
        """Copy it, and let it differ."""
        with psycopg.connect(self.dsn, autocommit=True) as conn:
            prepare(conn, ROWS)
            conn.execute("delete from orders where id % 8 = 2")
            conn.execute("analyze orders")
            self.made = create(conn, {**self.options, "kind": self.kind}, "orders", batch_size=BATCH)
            with self.halts([]):
                assert ended(self.dsn, self.made)["state"] == "COMPLETED"
            assert sorted(self.read()) == source(conn)
            conn.execute(CHANGES)

    def halts(self, edges: list[str]) -> Halts:
        """Return listeners that halt at edges; to be entered."""
        return Halts(self.dsn, self.folder, self.kind, edges, "--writer", self.kind)

    def comparing(self, *options: str) -> subprocess.Popen[str]:
        """Start the command that compares."""
        return subprocess.Popen(
            [sys.executable, "-m", "pgbacklog", "backfill", "verify", str(self.made), "--json",
             "--hooks", "hooks_under_test", *options],
            cwd=self.folder, env={**os.environ, "DATABASE_URL": self.dsn}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def compared(self, *options: str) -> list[dict[str, Any]]:
        """Compare; return the chunks."""
        process = self.comparing(*options)
        out, problem = process.communicate(timeout=PATIENCE)
        assert process.returncode in (0, 4), problem
        return list(json.loads(out))

    def differences(self) -> dict[str, int]:
        """Return how many keys are known to have which problem."""
        with closing(eventually(lambda: reachable(self.dsn))) as conn:
            return dict(conn.execute(
                "select d.problem, count(*) from backlog.backfill_differences as d group by 1"
            ).fetchall())  # fmt: skip

    def differ(self) -> None:
        """Compare, begin a repair, and change again what is to be repaired."""
        self.compared("--repair")
        with psycopg.connect(self.dsn, autocommit=True) as conn:
            assert state(conn, self.made)["state"] == "PENDING"
            conn.execute(SINCE)

    def exact(self) -> None:
        """Insist that the repair is complete, and left nothing behind."""
        assert ended(self.dsn, self.made)["state"] == "COMPLETED"
        with closing(eventually(lambda: reachable(self.dsn))) as conn:
            assert sorted(self.read()) == source(conn)
            assert conn.execute("select count(*) from backlog.retry_items").fetchone() == (0,)
            assert conn.execute("select count(*) from backlog.incidents as i where i.state = 'open'").fetchone() == (0,)
        rows = self.compared()
        assert all(row["is_equal"] for row in rows)
        assert self.differences() == {}


def there(request: pytest.FixtureRequest, folder: Path, kind: str) -> tuple[dict[str, Any], Callable[[], Any]]:
    """Make a destination; return its options, and what reads it."""
    if kind == "parquet":
        return {"path": "lake"}, lambda: read_parquet(folder / "lake", ["id", "region", "note"])
    if kind == "duckdb":
        import duckdb

        def look(statement: str) -> list[tuple[Any, ...]]:
            with duckdb.connect(str(folder / "d.duckdb")) as conn:
                return conn.execute(statement).fetchall()

        look(TABLE)
        to = {"path": "d.duckdb", "table": "orders"}
        return {**to, "key": ["id"]}, lambda: eventually(lambda: unless_locked(look, QUERY))
    ask: Ask
    if kind == "mysql":
        database: MariaDatabase = request.getfixturevalue("mortal_db")
        ask, address, table = database.query, database.url(), "orders"
    else:
        server: EmbeddedServer = request.getfixturevalue("own_server")

        def ask(statement: str) -> list[tuple[Any, ...]]:
            with closing(eventually(lambda: reachable(server.dsn))) as conn:
                cursor = conn.execute(statement)
                return cursor.fetchall() if cursor.description else []

        address, table = url(server.dsn), "public.orders"
    ask(TABLE)
    connections(folder, there=address)
    return {"connection": "there", "table": table, "key": ["id"]}, lambda: ask(QUERY)


@pytest.fixture
def scene(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Scene:
    """A copy from a database of the common server to the kind of destination that the test names."""
    monkeypatch.setenv("TEST_FOLDER", str(tmp_path))
    monkeypatch.setenv("PGBACKLOG_FILES", str(tmp_path))
    db: Database = request.getfixturevalue("db")
    made = Scene(db.dsn, tmp_path, request.param, *there(request, tmp_path, request.param))
    made.copy()
    return made


@pytest.fixture
def mortal_scene(
    request: pytest.FixtureRequest, own_server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Scene:
    """The same from a server that may be killed."""
    monkeypatch.setenv("TEST_FOLDER", str(tmp_path))
    monkeypatch.setenv("PGBACKLOG_FILES", str(tmp_path))
    schema.migrate(own_server.dsn)
    made = Scene(own_server.dsn, tmp_path, request.param, *there(request, tmp_path, request.param))
    made.copy()
    return made


def kill_destination(request: pytest.FixtureRequest, kind: str) -> None:
    """Kill the server of a destination; PostgreSQL's comes back by itself."""
    if kind == "mysql":
        server: MariaDB = request.getfixturevalue("durable_mariadb")
        server.kill()
    else:
        kill_server(request.getfixturevalue("own_server"))


@pytest.mark.parametrize("scene", EDGES, indirect=True)
def test_the_worker_dies_at_every_edge_of_a_repair(scene: Scene) -> None:
    scene.differ()
    edges = EDGES[scene.kind]
    with scene.halts(edges) as halts:
        for edge in edges:
            halts.reach(edge)
            os.kill(halts.listeners[-1].process.pid, signal.SIGKILL)
            halts.listeners[-1].ended()
            halts.leave(edge)
            halts.start()
        assert ended(scene.dsn, scene.made)["state"] == "COMPLETED"
        receipts = halts.found_receipts()
    assert receipts >= 1
    scene.exact()


@pytest.mark.parametrize("scene", ["mysql", "postgres"], indirect=True)
def test_the_destination_dies_at_every_edge_of_a_repair(scene: Scene, request: pytest.FixtureRequest) -> None:
    scene.differ()
    edges = [*EDGES[scene.kind], "commit unanswered"]
    with scene.halts(edges) as halts:
        for edge in edges:
            halts.reach(edge)
            attempts = halts.attempts()
            kill_destination(request, scene.kind)
            halts.leave(edge)
            eventually(lambda: halts.attempts() > attempts)  # noqa: B023
            if scene.kind == "mysql":
                request.getfixturevalue("durable_mariadb").start()
        assert ended(scene.dsn, scene.made)["state"] == "COMPLETED"
        receipts = halts.found_receipts()
    assert receipts >= 1
    scene.exact()


@pytest.mark.parametrize("mortal_scene", ["mysql", "duckdb", "parquet"], indirect=True)
def test_the_source_dies_at_every_edge_of_a_repair(mortal_scene: Scene, own_server: EmbeddedServer) -> None:
    mortal_scene.differ()
    edges = EDGES[mortal_scene.kind]
    with mortal_scene.halts(edges) as halts:
        for edge in edges:
            halts.reach(edge)
            kill_server(own_server)
            halts.leave(edge)
        assert ended(mortal_scene.dsn, mortal_scene.made)["state"] == "COMPLETED"
    mortal_scene.exact()


def broken_off(scene: Scene, edge: str, kill: Callable[[subprocess.Popen[str]], object]) -> None:
    """Compare until an edge, and kill something there."""
    scene.halts([edge]).write()
    process = scene.comparing()
    eventually((scene.folder / f"at {edge}").exists)
    kill(process)
    (scene.folder / f"go {edge}").touch()
    process.communicate(timeout=PATIENCE)
    assert process.returncode not in (0, 4)


@pytest.mark.parametrize("scene", EDGES, indirect=True)
def test_a_comparison_is_killed(scene: Scene) -> None:
    """What it found by then is kept; another one finds all, and once only."""
    for edge in COMPARING:
        broken_off(scene, edge, lambda process: process.kill())
    scene.compared()
    found = scene.differences()
    assert found == {"different": ROWS // 4, "extra": ROWS // 8, "missing": ROWS // 8}
    scene.differ()
    with scene.halts([]):
        scene.exact()


@pytest.mark.parametrize("scene", ["mysql", "postgres"], indirect=True)
def test_the_destination_dies_in_a_comparison(scene: Scene, request: pytest.FixtureRequest) -> None:
    def kill(_: object) -> None:
        kill_destination(request, scene.kind)

    broken_off(scene, "in comparison", kill)
    if scene.kind == "mysql":
        request.getfixturevalue("durable_mariadb").start()
    assert scene.read()
    scene.differ()
    with scene.halts([]):
        scene.exact()


@pytest.mark.parametrize("mortal_scene", ["duckdb", "parquet"], indirect=True)
def test_the_source_dies_in_a_comparison(mortal_scene: Scene, own_server: EmbeddedServer) -> None:
    """Also when all is compared, and the database cannot be told."""
    for edge in COMPARING:
        broken_off(mortal_scene, edge, lambda _: kill_server(own_server))
        eventually(lambda: reachable(own_server.dsn)).close()
    mortal_scene.differ()
    with mortal_scene.halts([]):
        mortal_scene.exact()
