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
DRIVER = """
import json, sys
import fakesnow
from pgbacklog import Connections, Listener, Registry, Settings, backfill
from pgbacklog.connections import Address
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
    with psycopg.connect(dsn, autocommit=True) as conn:
        while conn.execute(
            "select 1 from backlog.backfills where state in ('PENDING', 'EXECUTING') limit 1"
        ).fetchone():
            Listener(dsn, listen, Settings("snow", threads=1), Connections({"snow": Address(url)})).run(True)
    there = snowflake.connector.connect(account="account", user="u", password="p", database="DB", schema="PUBLIC")
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
