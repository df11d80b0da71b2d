"""Run backfills in this process, and look at what destinations hold."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict

from pgbacklog import Connections, Listener, Registry, Settings
from pgbacklog.connections import Address
from pgbacklog.registry import Handler
from pgbacklog.writers import builtin

from support.database import Database
from support.listening import PATIENCE

_OPEN = "select 1 from backlog.backfills as b where b.state in ('PENDING', 'EXECUTING') limit 1"
Rows = list[tuple[Any, ...]]


def url(dsn: str) -> str:
    """Return a DSN as pgbacklog.toml wants it."""
    facts = conninfo_to_dict(dsn)
    return f"postgresql:///?{urlencode(facts)}"


def create(
    conn: psycopg.Connection[Any], destination: Mapping[str, Any], table: str = "public.orders",
    **more: Any,
) -> int:
    """Create a backfill; `more` are arguments of create_backfill without p_."""
    names = ", ".join(f"p_{name} => %({name})s" for name in more)
    values = {k: json.dumps(v) if isinstance(v, dict) else v for k, v in more.items()}
    if "filters" in values:
        values["filters"] = json.dumps(values["filters"])
    return conn.execute(
        "select backlog.create_backfill('shop', %(table)s, p_destination => %(to)s"
        f"{', ' + names if names else ''})",
        {"table": table, "to": json.dumps(destination), **values},
    ).fetchone()[0]


def work(
    db: Database, *handlers: Handler | str, urls: Mapping[str, str] | None = None, threads: int = 2
) -> None:
    """Run writers, given by name or as handlers, until every backfill has ended."""
    found = [builtin(x) if isinstance(x, str) else x for x in handlers]
    registry = Registry()
    registry.update((x.event_type, x) for x in found)
    connections = Connections({name: Address(url) for name, url in (urls or {}).items()})
    settings = Settings("tester", threads=threads, poll_interval=1)
    end = time.monotonic() + PATIENCE
    with db.connect() as conn:
        while conn.execute(_OPEN).fetchone() is not None:
            # A chunk may wait for old transactions, which other tests on the server may have.
            assert time.monotonic() < end, conn.execute("select * from backlog.backfills").fetchall()
            Listener(db.dsn, registry, settings, connections).run(until_idle=True)
            time.sleep(0.02)


def state(conn: psycopg.Connection[Any], backfill_id: int) -> dict[str, Any]:
    """Return a backfill as the view shows it."""
    return conn.execute(
        "select to_jsonb(b) from backlog.backfills as b where b.backfill_id = %s", [backfill_id]
    ).fetchone()[0]


def plainly(rows: Rows) -> Rows:
    """Return rows in order and with values that compare across drivers."""
    return sorted((tuple(map(_plain, row)) for row in rows), key=repr)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return value.normalize()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    return value


def read_parquet(path: Path, order: list[str]) -> Rows:
    """Return the rows of the files that the manifest names; fail if there are other files."""
    import pyarrow.parquet as pq

    from pgbacklog.writers.parquet import manifest

    files = manifest(path)
    there = {str(x.relative_to(path)) for x in path.rglob("*.parquet")}
    assert there == {x["path"] for x in files}
    rows: Rows = []
    for file in files:
        table = pq.ParquetFile(path / file["path"]).read()
        assert table.num_rows == file["rows"]
        parts = dict(x.split("=", 1) for x in Path(file["path"]).parts[:-1])
        rows += [tuple(row.get(x, parts.get(x)) for x in order) for row in table.to_pylist()]
    return rows
