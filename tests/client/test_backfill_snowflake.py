"""The Snowflake writer, against fakesnow: in an environment of its own, since that needs another DuckDB."""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from support.backfilling import create, state
from support.database import Database
from support.parts import missing

ROOT = Path(__file__).parents[2]
# fakesnow 0.12 cannot be imported with the connector of its own choice.
PACKAGES = [
    "fakesnow==0.11.22", "snowflake-connector-python[pandas]==4.8.1", "duckdb<2",
    "-e", f"{ROOT}[snowflake]",
]  # fmt: skip
# Works until every backfill has ended, then prints what is there. `die` ends the process between the
# commit of the first chunk there and its completion here; the emulator goes on, as Snowflake would.
# `verify` has statements run here and there after that, compares and repairs, works and compares again,
# and prints what was found as well.
DRIVER = """
import json, sys
import fakesnow
from pgbacklog import Connections, Listener, Registry, Settings, backfill
from pgbacklog.comparison import Comparer
from pgbacklog.connections import Address, Lent
from pgbacklog.writers import builtin
import psycopg, snowflake.connector

dsn, die, query = sys.argv[1], sys.argv[2] == "die", sys.argv[3]
if die:
    complete, died = backfill.Copier._complete, set()
    def fail_first(self, job, chunk, *rest, **facts):
        if chunk.chunk_id not in died:
            died.add(chunk.chunk_id)
            raise ConnectionResetError("between the two commits")
        assert facts["known"]
        complete(self, job, chunk, *rest, **facts)
    backfill.Copier._complete = fail_first

with fakesnow.patch():
    url = "snowflake://u:p@account/DB/PUBLIC"
    listen = Registry()
    writer = builtin("snowflake")
    listen[writer.event_type] = writer
    connections = Connections({"snow": Address(url)})

    def work(conn):
        while conn.execute(
            "select 1 from backlog.backfills where state in ('PENDING', 'EXECUTING') limit 1"
        ).fetchone():
            Listener(dsn, listen, Settings("snow", threads=1), connections).run(True)

    def compare():
        link = Listener(dsn, listen, Settings("snow"), connections).open_link("verify")
        comparer = Comparer(writer, link, Lent(connections))
        found = [comparer.compare(x) for x in comparer.chunks(1)]
        comparer.close()
        return sorted((x["key"][0], x["problem"]) for y in found for x in y.differences), sum(
            y.source_rows for y in found), sum(y.destination_rows for y in found), all(
            y.is_equal for y in found)

    there = snowflake.connector.connect(account="account", user="u", password="p", database="DB", schema="PUBLIC")
    said = []
    with psycopg.connect(dsn, autocommit=True) as conn:
        work(conn)
        if sys.argv[2] == "verify":
            said.append(compare())
            for here, statement in json.loads(sys.argv[4]):
                conn.execute(statement) if here else there.cursor().execute(statement)
            said.append(compare())
            conn.execute("select backlog.repair_backfill(1)")
            work(conn)
            said.append(compare())
    print(json.dumps(said))
    rows = there.cursor().execute(query).fetchall()
    print(json.dumps([[x if isinstance(x, int | bool | None) else str(x) for x in row] for row in rows]))
"""


@pytest.fixture(scope="module")
def python() -> str:
    """The interpreter of an environment with fakesnow, made when first needed."""
    folder = ROOT / ".cache" / "fakesnow-0.11.22"
    folder.parent.mkdir(exist_ok=True)
    with (folder.parent / "fakesnow.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / ".ready").exists():
            shutil.rmtree(folder, ignore_errors=True)
            uv = shutil.which("uv")
            make = [uv, "venv", "-q"] if uv else [sys.executable, "-m", "venv"]
            fill = [uv, "pip", "install", "-q", "--python", str(folder / "bin/python")] if uv else [
                str(folder / "bin/python"), "-m", "pip", "install", "-q", "--disable-pip-version-check",
            ]  # fmt: skip
            for command in ([*make, str(folder)], [*fill, *PACKAGES]):
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode:
                    missing(f"no environment with fakesnow can be made: {done.stderr[-500:]}")
            (folder / ".ready").touch()
    return str(folder / "bin/python")


@pytest.fixture
def conn(db: Database) -> Iterator[psycopg.Connection[Any]]:
    """A database with the table orders."""
    with db.connect() as made:
        made.execute("select backlog.create_pipeline('shop')")
        made.execute(
            "create table orders (id bigint primary key, region text not null, amount numeric(12, 2), "
            "at timestamptz, doc jsonb, good boolean, raw bytea)"
        )
        made.execute(
            "insert into orders select i, 'r''' || i, i * 1.25, '2024-01-01 00:00:00.5+00', "
            "jsonb_build_object('i', i), i % 2 = 0, '\\x00ff' from generate_series(1, 60) as i"
        )
        made.execute("analyze orders")
        made.execute(
            "select backlog.set_retry_policy('backfill.snowflake', p_retry_delay_seconds => 0)"
        )
        yield made


def work(python: str, db: Database, query: str, *, die: bool = False) -> list[list[Any]]:
    """Run the writer until everything has ended; return what a query of Snowflake gives."""
    done = subprocess.run(
        [python, "-c", DRIVER, db.dsn, "die" if die else "live", query], check=False, timeout=120,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def verify(python: str, db: Database, query: str, changes: list[tuple[bool, str]]) -> tuple[Any, Any]:
    """Run the writer, change things here (True) and there, repair; return what was found and what is there."""
    done = subprocess.run(
        [python, "-c", DRIVER, db.dsn, "verify", query, json.dumps(changes)], check=False, timeout=120,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    said, rows = done.stdout.splitlines()[-2:]
    return json.loads(said), json.loads(rows)


def to(**more: Any) -> dict[str, Any]:
    """Return the destination."""
    return {"kind": "snowflake", "connection": "snow", "table": "orders", **more}


@pytest.mark.slow
def test_rows_arrive_and_bad_ones_are_refused(
    conn: psycopg.Connection[Any], db: Database, python: str
) -> None:
    conn.execute("update orders set amount = 'NaN' where id = 7")
    made = create(conn, to(), "orders", create_target=True, batch_size=25)
    rows = work(python, db, 'select "id", "region", "amount", "doc", "good" from "orders" order by "id"')
    found = state(conn, made)
    assert (found["state"], found["rows_refused"]) in (("COMPLETED", 1), ("COMPLETED", 2))
    wanted = conn.execute(
        "select id, region, amount::text, doc::text, good from orders where id <> 7 order by id"
    ).fetchall()
    assert [(int(r[0]), r[1], r[2], json.loads(r[3]), r[4]) for r in rows] == [
        (r[0], r[1], r[2], json.loads(r[3]), r[4]) for r in wanted
    ]
    assert set(conn.execute("select i.record ->> 'id' from backlog.incidents as i")) == {("7",)}


@pytest.mark.slow
def test_a_crash_between_the_commits_doubles_nothing(
    conn: psycopg.Connection[Any], db: Database, python: str
) -> None:
    made = create(conn, to(mode="append"), "orders", create_target=True, batch_size=25)
    rows = work(python, db, 'select count(*), count(distinct "id") from "orders"', die=True)
    assert state(conn, made)["state"] == "COMPLETED"
    assert [[int(x) for x in row] for row in rows] == [[60, 60]]


@pytest.mark.slow
def test_what_arrived_is_compared_and_repaired(
    conn: psycopg.Connection[Any], db: Database, python: str
) -> None:
    made = create(conn, to(), "orders", create_target=True, batch_size=25)
    (first, found, last), rows = verify(
        python, db, 'select "id", "region", "amount" from "orders" order by "id"', [
            (True, "update orders set region = 'new' where id = 3"),
            (True, "delete from orders where id = 40"),
            (True, "insert into orders (id, region) values (-1, 'early')"),
            (False, """update "orders" set "amount" = "amount" + 0.01 where "id" = 50"""),
            (False, """delete from "orders" where "id" = 51"""),
            (False, """insert into "orders" ("id", "region") values (-7, 'not ours')"""),
        ],
    )  # fmt: skip
    assert first == [[], 60, 60, True]
    assert found == [[
        ["-1", "missing"], ["-7", "extra"], ["3", "different"], ["40", "extra"], ["50", "different"],
        ["51", "missing"],
    ], 60, 60, False]  # fmt: skip
    assert last == [[], 60, 60, True]
    assert state(conn, made)["state"] == "COMPLETED"
    wanted = conn.execute("select id, region, amount::text from orders order by id").fetchall()
    assert [tuple(map(str, row)) for row in rows] == [tuple(map(str, row)) for row in wanted]
