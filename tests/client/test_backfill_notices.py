"""Hooks hear of the end of backfills: Python hooks in a listener, and functions of the database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from support.backfilling import create, state
from support.crashing import connections, prepare
from support.database import Database
from support.listening import eventually
from support.parts import MariaDatabase

HOOKS = """
    import json
    from pgbacklog import alert, backlog, checkpoint

    def tell(param, **more):
        if "state" in (param.ctx.metadata or {}):
            with open("told.txt", "a") as told:
                print(json.dumps({"kind": param.ctx.kind, **param.ctx.metadata, **more}), file=told)

    @checkpoint(payload="none")
    def hear_of_ends(param):
        tell(param, records=param.ctx.record_count)

    @backlog()
    def hear_of_failures(param):
        tell(param, error=param.error, code=param.error_code)

    @backlog(mode="individual", name="one_by_one")
    def hear_of_each(param):
        tell(param, kind="individual", reason=param.record.get("reason"))

    @alert()
    def hear_of_alarms(param):
        tell(param, error=param.error)
"""


@pytest.fixture
def conn(db: Database) -> psycopg.Connection[Any]:
    """A database with the table orders, where every failed backfill is critical."""
    made = prepare(db.connect(), rows=300)
    made.execute("select backlog.set_critical_rule('failed backfill', $$record ->> 'state' = 'FAILED'$$)")
    return made


def test_python_hooks_hear_how_backfills_end(
    conn: psycopg.Connection[Any], mysql_db: MariaDatabase, tmp_path: Path, listen
) -> None:
    mysql_db.query("create table sound (id int primary key, region varchar(10), note varchar(40))")
    connections(tmp_path, there=mysql_db.url())
    listen(HOOKS, "--writer", "mysql")
    good, bad = (
        create(conn, {"kind": "mysql", "connection": "there", "table": table}, "orders", batch_size=100)
        for table in ("sound", "missing")
    )
    eventually(lambda: {state(conn, x)["state"] for x in (good, bad)} == {"COMPLETED", "FAILED"})

    def told() -> list[dict[str, Any]] | None:
        file = tmp_path / "told.txt"
        lines = file.read_text().splitlines() if file.exists() else []
        return [json.loads(line) for line in lines] if len(lines) >= 4 else None

    found = sorted(eventually(told), key=lambda each: str(each["kind"]))
    assert [(x["kind"], x["backfill_id"], x["state"]) for x in found] == [
        ("alert", bad, "FAILED"), ("checkpoint", good, "COMPLETED"), ("incident", bad, "FAILED"),
        ("individual", bad, "FAILED"),
    ]  # fmt: skip
    alarm, end, failure, each = found
    assert (end["rows_written"], end["records"], end["table"]) == (300, 0, "public.orders")
    assert end["destination"]["table"] == "sound"
    assert failure["error"] == alarm["error"] == each["reason"] == failure["reason"]
    assert "failed" in failure["error"]
    assert failure["code"] == "42S02"  # MariaDB's SQLSTATE for a table that is not there
