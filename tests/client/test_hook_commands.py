"""The commands hook and incident."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgbacklog.logs import logger

from support.database import Database

HOOKS = """
from pgbacklog import backlog, checkpoint, stop

@checkpoint("orders")
def audit(param):
    param.auxiliary_db["audit"].execute(
        "insert into log values (?, ?)", [param.ctx.event_id, len(param.records)])
    param.logger.info("audited %s of %s", len(param.records), param.ctx.name)

@checkpoint("orders", mode="individual", transactional=True)
def once(param):
    param.connection.execute("insert into effect values (%s)", [param.record["id"]])
    if param.record["id"] == 13:
        raise RuntimeError("no password=hunter2")
    return stop("enough")

@backlog("orders")
def rescue(param):
    param.logger.info("rescued %s: %s", param.record["id"], param.error)
"""


@pytest.fixture
def conn(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> psycopg.Connection[Any]:
    """A database with hooks and events, and a folder with their module."""
    for name, value in (("handlers", []), ("propagate", True), ("level", 0)):  # the command sets it up
        monkeypatch.setattr(logger, name, value)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    name = f"hooks_of_{tmp_path.name}".replace("-", "_")
    monkeypatch.setenv("HOOKS", name)
    (tmp_path / f"{name}.py").write_text(HOOKS)
    (tmp_path / "pgbacklog.toml").write_text('[connections.audit]\nurl = "sqlite:///audit.db"\n')
    with sqlite3.connect(tmp_path / "audit.db") as audit:
        audit.execute("create table log (event_id, records)")
    made = db.connect()
    made.execute("create table effect (id int)")
    made.execute("select backlog.create_pipeline('orders')")
    made.execute("select backlog.register_hook('audit')")
    made.execute("select backlog.register_hook('rescue', 'incident', p_mode => 'individual')")
    made.execute("select backlog.save_checkpoint('orders', '[{\"id\": 1}, {\"id\": 2}]')")
    made.execute(
        "select backlog.record_incident('orders', '{\"id\": 4}', 'no such customer', '23503', "
        "p_replay_as => 'write.order')"
    )
    return made


def logged() -> list[tuple]:
    with sqlite3.connect("audit.db") as audit:
        return audit.execute("select * from log").fetchall()


def test_hooks_are_listed_and_shown(conn: psycopg.Connection[Any], cli) -> None:
    rows = json.loads(cli("hook", "list", "--json").output)
    assert [(r["name"], r["state"], r["kind"], r["pending"]) for r in rows] == [
        ("audit", "enabled", "checkpoint", 1), ("rescue", "enabled", "incident", 1),
    ]  # fmt: skip
    assert "audit" in cli("hook", "list", "--kind", "checkpoint").output
    assert "rescue" not in cli("hook", "list", "--kind", "checkpoint").output
    assert json.loads(cli("hook", "show", "audit", "--json").output)[0]["mode"] == "bulk"
    assert "event type" in cli("hook", "show", "audit").output
    missing = cli("hook", "show", "nothing")
    assert missing.exit_code == 1
    assert "no hook is named nothing [PB201]" in missing.output


def test_hooks_are_disabled_enabled_and_replayed(conn: psycopg.Connection[Any], cli) -> None:
    assert cli("hook", "disable", "audit", "--reason", "too loud").exit_code == 0
    (row,) = json.loads(cli("hook", "list", "--state", "disabled", "--json").output)
    assert row["name"] == "audit"
    conn.execute("select backlog.save_checkpoint('orders', '[{\"id\": 3}]')")
    assert "audit enabled" in cli("hook", "enable", "audit").output
    call = ["hook", "replay", "audit", "--from", "2000-01-01", "--only-missed", "--json"]
    wanted = [{"hook": "audit", "events": 1, "deliveries": 1}]
    assert json.loads(cli(*call, "--dry-run").output) == wanted
    pending = "select pending from backlog.hooks where name = 'audit'"
    assert conn.execute(pending).fetchone() == (1,)
    assert json.loads(cli(*call).output) == wanted
    assert conn.execute(pending).fetchone() == (2,)
    assert cli("hook", "replay").exit_code == 1
    assert "[PB205]" in cli("hook", "replay", "--event", 999).output
    assert "[PB201]" in cli("hook", "disable", "nothing").output


def test_a_hook_is_tested_without_leaving_a_trace(conn: psycopg.Connection[Any], cli) -> None:
    event = conn.execute("select event_id from backlog.events where kind = 'checkpoint'").fetchone()[0]
    before = conn.execute("select id, status from backlog.retry_items order by 1").fetchall()

    assert "returned; what it wrote is rolled back" in try_out(cli, "audit", "--event", event).output
    assert logged() == []
    assert try_out(cli, "audit", "--event", event, "--commit").exit_code == 0
    assert logged() == [(event, 2)]
    assert conn.execute("select id, status from backlog.retry_items order by 1").fetchall() == before


def test_a_hook_is_tested_with_made_up_records(conn: psycopg.Connection[Any], cli) -> None:
    stopped = try_out(cli, "once", "--record", '{"id": 7}', "--record", '{"id": 8}')
    assert stopped.output.count("would pause the pipeline: enough") == 2
    assert conn.execute("select id from effect").fetchall() == []
    try_out(cli, "once", "--record", '{"id": 7}', "--commit")
    assert conn.execute("select id from effect").fetchall() == [(7,)]
    failed = try_out(cli, "once", "--record", '{"id": 13}', "--commit")
    assert failed.exit_code == 1
    assert "error: the hook failed: RuntimeError: no password=***" in failed.output
    assert conn.execute("select id from effect").fetchall() == [(7,)]
    assert conn.execute("select paused_at from backlog.pipelines").fetchone() == (None,)


def test_a_backlog_hook_is_tested_with_an_incident(conn: psycopg.Connection[Any], cli) -> None:
    event = conn.execute("select event_id from backlog.events where kind = 'incident'").fetchone()[0]
    assert try_out(cli, "rescue", "--event", event).exit_code == 0


def test_mistakes_of_a_test_are_told(conn: psycopg.Connection[Any], cli) -> None:
    for arguments, message in (
        (["nothing", "--record", "{}"], "no hook nothing in"),
        (["audit"], "no event is chosen"),
        (["audit", "--event", 1, "--record", "{}"], "no event is chosen, or two"),
        (["audit", "--event", 999], "there is no event 999 [PB205]"),
        (["audit", "--record", "{"], "not JSON"),
    ):
        result = try_out(cli, *arguments)
        assert result.exit_code == 1
        assert message in result.output


def test_incidents_are_listed_shown_and_resolved(conn: psycopg.Connection[Any], cli) -> None:
    conn.execute("select backlog.record_incident('orders', '{\"id\": 5}', 'again', '23505')")
    first, second = json.loads(cli("incident", "list", "--json").output)
    assert (first["pipeline"], first["error_code"], first["state"]) == ("orders", "23503", "open")
    assert len(json.loads(cli("incident", "list", "--error-code", "23505", "--json").output)) == 1
    shown = cli("incident", "show", first["incident_id"])
    assert "no such customer" in shown.output
    (whole,) = json.loads(cli("incident", "show", first["incident_id"], "--json").output)
    assert whole["record"] == {"id": 4}

    replayed = cli("incident", "resolve", first["incident_id"], "--replay")
    assert f"{first['incident_id']} replaying" in replayed.output
    done = cli("incident", "resolve", second["incident_id"], "--dismiss", "--note", "a test")
    assert f"{second['incident_id']} dismissed" in done.output
    assert cli("incident", "list").output.strip() == "nothing found"
    (row,) = json.loads(cli("incident", "list", "--state", "dismissed", "--json").output)
    assert row["incident_id"] == second["incident_id"]

    again = cli("incident", "resolve", second["incident_id"], "--dismiss")
    assert again.exit_code == 1
    assert "[PB204]" in again.output
    assert "[PB203]" in cli("incident", "resolve", 999, "--replay").output
    assert "[PB203]" in cli("incident", "show", 999).output
    assert cli("incident", "resolve", 1).exit_code == 2


def try_out(cli, *arguments: object):
    """Run `hook test` on the module of this test."""
    return cli("hook", "test", *arguments, "--hooks", os.environ["HOOKS"])
