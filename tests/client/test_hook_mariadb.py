"""Hooks that use a real MariaDB server, which goes away and comes back."""

from __future__ import annotations

import pytest

from support.database import Database
from support.listening import ListenerProcess, eventually, outcomes
from support.parts import MariaDatabase, MariaDB

HOOKS = """
    from pgbacklog import checkpoint

    @checkpoint(pipeline="orders", mode="individual")
    def to_mysql(param):
        with param.auxiliary_db["mysql"].cursor() as cursor:
            cursor.execute("insert into audit values (%s)", [param.ctx.idempotency_key])
            if param.record.get("bad"):
                raise ValueError("a bad record")

    @checkpoint(pipeline="orders", mode="individual")
    def to_postgres(param):
        param.destination_db.execute("insert into audit values (%s)", [param.ctx.idempotency_key])
"""
CONFIG = """
[connections.mysql]
url = "mysql://app:${MYSQL_PASSWORD}@127.0.0.1:${MYSQL_PORT}/DATABASE"
"""


@pytest.fixture
def start(db: Database, listen, tmp_path, mysql_db: MariaDatabase, monkeypatch):
    """Start a listener whose configuration names the MariaDB database."""
    (tmp_path / "pgbacklog.toml").write_text(CONFIG.replace("DATABASE", mysql_db.name))
    monkeypatch.setenv("MYSQL_PORT", str(mysql_db.server.port))
    monkeypatch.setenv("MYSQL_PASSWORD", mysql_db.server.password)
    conn = db.connect()
    conn.execute("create table audit (key text)")
    conn.execute("select backlog.create_pipeline('orders')")
    mysql_db.query("create table audit (k varchar(100))")
    return lambda *options: listen(HOOKS, *options)


def save(conn, record: str = '{"id": 1}') -> int:
    return conn.execute("select backlog.save_checkpoint('orders', %s)", [record]).fetchone()[0]


def state(conn) -> tuple:
    """Tell how the hook that uses MariaDB does."""
    return conn.execute(
        "select state, pending + in_progress, dead_letters from backlog.hooks where name = 'to_mysql'"
    ).fetchone()


def test_a_database_that_is_away_costs_no_attempt_and_hinders_nobody_else(
    db: Database, start, mysql_db: MariaDatabase, mariadb: MariaDB
) -> None:
    conn = db.connect()
    start()
    conn.execute(
        "select backlog.set_retry_policy('hook.to_mysql', p_max_retries => 2,"
        " p_retry_delay_seconds => 1, p_breaker_cooldown_seconds => 1)"
    )
    first = save(conn)
    eventually(lambda: mysql_db.query("select count(*) from audit")[0][0] == 1)

    mariadb.stop()
    try:
        away = [save(conn) for _ in range(5)]
        eventually(lambda: conn.execute("select count(*) from audit").fetchone()[0] == 6)
        eventually(lambda: state(conn)[0] == "broken")
        assert state(conn)[1:] == (5, 0)
        assert conn.execute("select max(retry_count) from backlog.retry_items").fetchone()[0] == 0
    finally:
        mariadb.start()
    eventually(lambda: state(conn)[1] == 0)

    found = {row[0] for row in mysql_db.query("select k from audit")}
    assert found == {f"to_mysql:{event}:1" for event in [first, *away]}
    assert len(mysql_db.query("select k from audit")) == 6
    assert outcomes(conn).get("dead_letter") is None


def test_what_a_failing_hook_did_is_rolled_back(db: Database, start, mysql_db) -> None:
    conn = db.connect()
    process: ListenerProcess = start()
    conn.execute("select backlog.set_retry_policy('hook.to_mysql', p_max_retries => 0)")
    save(conn, '{"id": 2, "bad": true}')
    good = save(conn)
    eventually(lambda: state(conn)[1:] == (0, 1))

    assert mysql_db.query("select k from audit") == [(f"to_mysql:{good}:1",)]
    assert process.process.poll() is None


def test_the_password_reaches_neither_the_database_nor_the_log(
    db: Database, start, mysql_db, monkeypatch
) -> None:
    conn = db.connect()
    monkeypatch.setenv("MYSQL_PASSWORD", "wrong-hunter2")
    process: ListenerProcess = start("--log-level", "debug")
    save(conn)
    eventually(lambda: state(conn)[0] == "broken")
    eventually(lambda: process.events("item failed"))  # logged after the database knows of it

    assert "hunter2" not in process.log.read_text()
    stored = conn.execute(
        "select coalesce(string_agg(i::text, ''), '') || (select string_agg(h::text, '') from backlog.hooks as h)"
        " from backlog.retry_items as i"
    ).fetchone()[0]
    assert "AuxiliaryUnavailable" in stored
    assert "hunter2" not in stored
