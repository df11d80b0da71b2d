"""Copy history: flights of one carrier to Parquet files, delayed ones to a second table."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from pgbacklog.connections import Connections
from pgbacklog.demo.check import Promise
from pgbacklog.demo.screen import Screen
from pgbacklog.errors import BacklogError
from pgbacklog.listener import Listener
from pgbacklog.registry import Registry
from pgbacklog.worker import Settings
from pgbacklog.writers import builtin
from pgbacklog.writers.base import FILES

_CARRIER = "UA"
_CREATE = """select backlog.create_backfill(%s, 'flights_demo.flights', p_filters => %s,
  p_destination => %s, p_create_target => true, p_batch_size => %s)"""
_STATE = "select to_jsonb(b) from backlog.backfills as b where b.backfill_id = %s"
_PIPELINE = "flights_history"
_DELAYED = "flights_demo.delayed_flights"
_PATIENCE = 120.0  # seconds for one backfill


def copy_history(
    conn: psycopg.Connection[Any], dsn: str, folder: Path, screen: Screen
) -> list[Promise]:
    """Make both backfills, cancel one half-way, resume it, verify both."""
    # A pipeline of their own: nobody is there any more to run the hooks of the other.
    pipeline = _PIPELINE
    _call(conn, "select backlog.create_pipeline(%s)", pipeline)
    screen.step("Copy all delayed flights to a second table; cancel half-way, resume, verify")
    promises = [_copy_delayed(conn, screen, pipeline)]
    screen.verdict(promises[0].text, promises[0].kept)
    screen.step(f"Copy the flights of {_CARRIER} to Parquet files")
    try:
        writer = builtin("parquet")
    except BacklogError as error:
        screen.say(f"left out: {error}; {error.hint}")
        return promises
    os.environ[FILES] = str(folder)
    registry = Registry()
    registry[writer.event_type] = writer
    promises.append(_copy_carrier(conn, dsn, folder, screen, pipeline, registry))
    screen.verdict(promises[1].text, promises[1].kept)
    return promises


def remove_history(conn: psycopg.Connection[Any]) -> None:
    """Drop the backfills of a former run with their pipeline."""
    if conn.execute("select from backlog.pipelines where name = %s", [_PIPELINE]).fetchall():
        _call(conn, "select backlog.drop_pipeline(%s, p_force => true)", _PIPELINE)


def _copy_delayed(conn: psycopg.Connection[Any], screen: Screen, pipeline: str) -> Promise:
    late = [{"column": "arr_delay", "operator": ">", "value": 0}]
    flights = _call(conn, "select count(*) from flights_demo.flights")
    # Small chunks, so that there is a half-way.
    chunk = max(100, flights // 20)
    made = _create(conn, pipeline, late, {"kind": "table", "table": _DELAYED}, chunk)
    before = _step(conn, made, screen, until=50.0)
    _call(conn, "select backlog.cancel_backfill(%s, 'half-way')", made)
    screen.say(f"cancelled at {before['percent']} %: {before['rows_matched']:,} flights copied")
    _call(conn, "select backlog.resume_backfill(%s)", made)
    after = _step(conn, made, screen)
    rows = conn.execute("select * from backlog.verify_backfill(%s, 10000)", [made]).fetchall()
    wanted = "select count(*) from flights_demo.flights where arr_delay > 0"
    delayed, there = _call(conn, wanted), _call(conn, f"select count(*) from {_DELAYED}")  # noqa: S608
    equal = all(row[3] for row in rows) and after["state"] == "COMPLETED"
    return Promise(
        f"{_DELAYED}: {there:,} of {delayed:,} flights; {len(rows)} chunks verified",
        equal and there == delayed,
    )


def _copy_carrier(
    conn: psycopg.Connection[Any], dsn: str, folder: Path, screen: Screen, pipeline: str,
    registry: Registry,
) -> Promise:  # fmt: skip
    from pgbacklog.writers.parquet import manifest

    chosen = [{"column": "carrier", "operator": "=", "value": _CARRIER}]
    made = _create(conn, pipeline, chosen, {"kind": "parquet", "path": "flights"}, 5000)
    end = time.monotonic() + _PATIENCE
    while (facts := _call(conn, _STATE, made))["state"] in ("PENDING", "EXECUTING"):
        if time.monotonic() > end:
            break
        settings = Settings("demo-files", threads=2)
        Listener(dsn, registry, settings, Connections(), sql_hooks=False).run(until_idle=True)
    kept = manifest(folder / "flights")
    wanted = _call(conn, "select count(*) from flights_demo.flights where carrier = %s", _CARRIER)
    rows = sum(file["rows"] for file in kept)
    screen.say(f"{len(kept)} files, {sum(file['bytes'] for file in kept):,} bytes")
    return Promise(
        f"Parquet: {rows:,} of {wanted:,} flights of {_CARRIER}",
        facts["state"] == "COMPLETED" and rows == wanted,
    )


def _create(
    conn: psycopg.Connection[Any], pipeline: str, filters: list[dict[str, Any]],
    destination: dict[str, Any], batch_size: int,
) -> int:  # fmt: skip
    return int(_call(conn, _CREATE, pipeline, Jsonb(filters), Jsonb(destination), batch_size))


def _step(
    conn: psycopg.Connection[Any], made: int, screen: Screen, until: float = 100.0
) -> dict[str, Any]:
    """Work on a backfill chunk by chunk until so many percent; return what it shows then."""
    end = time.monotonic() + _PATIENCE
    while True:
        facts: dict[str, Any] = _call(conn, _STATE, made)
        ended = facts["state"] not in ("PENDING", "EXECUTING")
        enough = ended or float(facts["percent"]) >= until or time.monotonic() > end
        screen.progress(int(facts["percent"]), 100, "% read", last=enough)
        if enough:
            return facts
        done = _call(conn, "select backlog.run_backfill_step(%s)", made)
        if done["action"] == "wait":
            time.sleep(0.2)


def _call(conn: psycopg.Connection[Any], statement: str, *values: object) -> Any:
    return conn.execute(statement.encode(), values).fetchall()[0][0]
