"""The private servers of the tests come, answer, and go."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from support.database import Database
from support.listening import eventually
from support.parts import MariaDB

TESTS = Path(__file__).parents[1]


def test_a_private_mariadb_is_used_by_name_and_password(mysql_db) -> None:
    import pymysql

    mysql_db.query("create table t (id int primary key, n int)")
    server = mysql_db.server
    conn = pymysql.connect(
        host="127.0.0.1", port=server.port, user=server.user, password=server.password,
        database=mysql_db.name, autocommit=True,
    )  # fmt: skip
    for _ in range(2):
        with conn.cursor() as cursor:
            cursor.execute("insert into t values (1, 1) on duplicate key update n = n + 1")
    conn.close()
    assert mysql_db.query("select id, n from t") == [(1, 2)]


def test_a_private_mariadb_can_stop_and_come_back(mariadb: MariaDB) -> None:
    with mariadb.database() as database:
        database.query("create table t as select 7 as n")
        mariadb.stop()
        assert not mariadb.answers()
        mariadb.start()
        assert database.query("select n from t") == [(7,)]


def test_a_durable_mariadb_has_after_a_kill_what_was_committed() -> None:
    mariadb = MariaDB(durable=True)
    try:
        mariadb.start()
        with mariadb.database() as database:
            database.query("create table t (n int)")
            with mariadb.connect(database.name) as conn, conn.cursor() as cursor:
                cursor.execute("insert into t values (7)")
                conn.begin()
                cursor.execute("insert into t values (8)")
                mariadb.kill()
                assert not mariadb.answers()
                mariadb.start()
            assert database.query("select n from t") == [(7,)]
    finally:
        mariadb.close()


def test_the_pooler_shares_servers_among_clients_by_transaction(db: Database, pgbouncer) -> None:
    """Two clients, one after the other, get the same server: what a transaction pooler is for."""
    seen = {}
    for mode in ("transaction", "session"):
        dsn = pgbouncer(mode).dsn(db.name)
        with (
            psycopg.connect(dsn, autocommit=True) as one,
            psycopg.connect(dsn, autocommit=True) as two,
        ):
            pids = [conn.execute("select pg_backend_pid()").fetchone()[0] for conn in (one, two)]
        seen[mode] = len(set(pids))
    assert seen == {"transaction": 1, "session": 2}


def test_a_private_server_dies_with_the_process_that_asked_for_it(mariadb: MariaDB) -> None:
    """Even SIGKILL leaves neither a server nor its folder behind."""
    script = (
        "import time; from support.parts import MariaDB; m = MariaDB(); m.start();"
        "print(m.folder, flush=True); time.sleep(600)"
    )
    asker = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": f"{TESTS}:{os.environ.get('PYTHONPATH', '')}"},
    )  # fmt: skip
    assert asker.stdout is not None
    folder = Path(asker.stdout.readline().strip())
    pid = int((folder / "mariadb.pid").read_text())
    asker.send_signal(signal.SIGKILL)
    asker.wait()
    eventually(lambda: not folder.exists())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
