"""A destination that cannot be reached stops its own backfills, and nobody else's."""

from __future__ import annotations

from pathlib import Path

from support.backfilling import create, state
from support.crashing import IDLE, connections, prepare, source
from support.database import Database
from support.listening import eventually
from support.parts import MariaDatabase, free_port


def test_one_broken_server_does_not_stop_backfills_to_another(
    db: Database, mysql_db: MariaDatabase, tmp_path: Path, listen
) -> None:
    url = mysql_db.url()
    broken = url.replace(f":{mysql_db.server.port}/", f":{free_port()}/")
    connections(tmp_path, sound=url, broken=broken)
    mysql_db.query("create table sound (id int primary key, region varchar(10), note varchar(40))")
    mysql_db.query("create table broken like sound")
    conn = prepare(db.connect(), rows=500)
    # The broken one comes first, and its breaker stays open for longer than this test takes.
    conn.execute("select backlog.set_retry_policy('backfill.mysql', p_breaker_cooldown_seconds => 3600)")
    made = {
        name: create(
            conn, {"kind": "mysql", "connection": name, "table": name}, "orders", batch_size=100, priority=priority
        )
        for name, priority in {"broken": 10, "sound": 1}.items()
    }
    process = listen(IDLE, "--writer", "mysql")
    eventually(lambda: state(conn, made["sound"])["state"] == "COMPLETED")
    assert sorted(mysql_db.query("select id, region, note from sound")) == source(conn)

    waiting = state(conn, made["broken"])
    assert waiting["state"] == "EXECUTING"
    assert waiting["throttle_reason"].startswith(
        "circuit breaker open: AuxiliaryUnavailable: connection broken cannot be opened"
    )
    assert process.events("chunk failed")
    assert conn.execute("select max(retry_count) from backlog.retry_items").fetchall() == [(0,)]

    # The server is moved to where it can be reached, and somebody who cannot wait says so.
    process.close()
    connections(tmp_path, sound=url, broken=url)
    conn.execute("select backlog.reset_circuit_breaker('backfill.mysql', %s)", [str(made["broken"])])
    listen(IDLE, "--writer", "mysql")
    eventually(lambda: state(conn, made["broken"])["state"] == "COMPLETED")
    assert sorted(mysql_db.query("select id, region, note from broken")) == source(conn)
