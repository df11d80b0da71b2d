"""What `pgbacklog listen` does with hooks, as a process on a real database."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from support.database import Database
from support.listening import ListenerProcess, enqueue, eventually, live, outcomes
from support.parts import MariaDB

HEAD = """
    import os, time
    from pgbacklog import alert, backlog, checkpoint, handler, stop
"""


@pytest.fixture
def conn(db: Database) -> psycopg.Connection[Any]:
    """A connection to a database with the pipeline orders and a table that hooks write to."""
    made = db.connect()
    made.execute("select backlog.create_pipeline('orders')")
    made.execute("select backlog.create_pipeline('returns')")
    made.execute(
        "create table effect (hook text, facts jsonb, at timestamptz default clock_timestamp())"
    )
    made.execute("grant all on effect to public")
    return made


NOTE = """
    import json, threading
    import psycopg

    _local = threading.local()

    def effect(hook, **facts):
        if not hasattr(_local, "conn"):
            _local.conn = psycopg.connect(os.environ["TEST_DSN"], autocommit=True)
        _local.conn.execute("insert into effect values (%s, %s)", [hook, json.dumps(facts)])
"""


def save(conn: psycopg.Connection[Any], *records: dict, pipeline: str = "orders") -> int:
    """Save a checkpoint and return its event."""
    call = "select backlog.save_checkpoint(%s, %s)"
    return conn.execute(call, [pipeline, json.dumps(records)]).fetchone()[0]


def effects(conn: psycopg.Connection[Any], hook: str) -> list[Any]:
    """Return what a hook has noted, in order."""
    rows = conn.execute("select facts from effect where hook = %s order by at", [hook])
    return [row[0] for row in rows]


def make_hook(conn: psycopg.Connection[Any], name: str, more: str = "") -> None:
    """Register a hook before a listener does, so that checkpoints can be saved for it."""
    conn.execute(f"select backlog.register_hook(%s{more})", [name])


def test_hooks_are_registered_and_called_with_what_was_committed(
    conn: psycopg.Connection[Any], listen
) -> None:
    process = listen(HEAD + NOTE + """
    @checkpoint("orders")
    def audit(param):
        param.logger.info("audited %s", len(param.records))
        effect("audit", ids=[r["id"] for r in param.records], key=param.ctx.idempotency_key,
               destination=param.destination_db.execute("select 1").fetchone()[0])

    @checkpoint(["orders", "returns"], mode="individual")
    def each(param):
        effect("each", id=param.record["id"], pipeline=param.ctx.name)

    @backlog("orders")
    def rescue(param):
        effect("rescue", record=param.record, error=param.error, code=param.error_code,
               incident=param.incident_id, constraint=param.constraint, attempt=param.failed_attempt)
    """)
    event = save(conn, {"id": 1}, {"id": 2})
    save(conn, {"id": 3}, pipeline="returns")
    incident = conn.execute(
        "select backlog.record_incident('orders', '{\"id\": 4}', 'no such customer', '23503', 'fk', "
        "p_attempt => 2)"
    ).fetchone()[0]
    eventually(lambda: live(conn) == 0)

    assert effects(conn, "audit") == [
        {"ids": [1, 2], "key": f"audit:{event}:*", "destination": 1}
    ]  # fmt: skip
    assert sorted((e["id"], e["pipeline"]) for e in effects(conn, "each")) == [
        (1, "orders"), (2, "orders"), (3, "returns"),
    ]  # fmt: skip
    assert effects(conn, "rescue") == [{
        "record": {"id": 4}, "error": "no such customer", "code": "23503", "constraint": "fk",
        "incident": incident, "attempt": 2,
    }]  # fmt: skip
    (line,) = [e for e in process.events() if e["event"] == "audited 2"]
    assert (line["hook"], line["pipeline"], line["event_id"]) == ("audit", "orders", event)
    assert outcomes(conn) == {"completed": 5}


def test_a_sleeping_listener_delivers_at_once(conn: psycopg.Connection[Any], listen) -> None:
    listen(HEAD + NOTE + """
    @checkpoint("orders")
    def audit(param):
        effect("audit")

    @checkpoint("returns")
    def other(param):
        pass
    """, "--poll-interval", "600")
    for done in range(1, 6):
        time.sleep(0.3)
        save(conn, {"id": 1})
        eventually(lambda done=done: len(effects(conn, "audit")) == done)


def test_a_slow_or_failing_hook_delays_nobody(conn: psycopg.Connection[Any], listen) -> None:
    """Each hook has threads of its own, and so have handlers; loads go on as well."""
    process = listen(HEAD + NOTE + """
    @checkpoint("orders", mode="individual")
    def sleepy(param):
        time.sleep(3600)

    @checkpoint("orders", mode="individual", timeout=0.2)
    def hangs(param):
        effect("hangs")
        time.sleep(3600)

    @checkpoint("orders", mode="individual")
    def fails(param):
        effect("fails")
        raise RuntimeError("as always")

    @checkpoint("orders", mode="individual")
    def fine(param):
        effect("fine", n=param.record["n"])

    @handler("work")
    def work(item):
        effect("work")
    """, "--grace", "0")
    for n in range(20):
        save(conn, *[{"n": n}] * 5)
        enqueue(conn, "work")
        time.sleep(0.05)
    eventually(lambda: len(effects(conn, "fine")) == 100 and len(effects(conn, "work")) == 20)
    eventually(lambda: [e for e in process.events() if e["event"] == "too many handlers hang"])
    hung = len(effects(conn, "hangs"))
    assert 3 <= hung <= 4  # one more than it has threads, and what ran then: no more are risked
    save(conn, {"n": 99})
    eventually(lambda: len(effects(conn, "fine")) == 101)
    assert len(effects(conn, "hangs")) == hung
    assert process.process.poll() is None  # hooks that hang do not end the listener
    assert effects(conn, "fails")


def test_a_hook_runs_as_often_at_once_as_it_says(conn: psycopg.Connection[Any], listen) -> None:
    """The cap holds for all listeners together."""
    hooks = HEAD + NOTE + """
    @checkpoint("orders", mode="individual", concurrency=3)
    def narrow(param):
        effect("narrow", at="in")
        time.sleep(0.1)
        effect("narrow", at="out")
    """
    listen(hooks)
    listen(hooks)
    save(conn, *[{"n": n} for n in range(30)])
    eventually(lambda: live(conn) == 0)

    inside = most = 0
    for each in effects(conn, "narrow"):
        inside += 1 if each["at"] == "in" else -1
        most = max(most, inside)
    assert 1 < most <= 3


def test_a_transactional_hook_happens_with_its_ack_or_not_at_all(
    conn: psycopg.Connection[Any], listen
) -> None:
    listen(HEAD + """
    @checkpoint("orders", transactional=True, timeout=1)
    def once(param):
        n = param.record["n"]
        param.connection.execute("insert into effect values ('once', to_jsonb(%s::int))", [n])
        if n == 2 and param.ctx.attempt == 1:
            raise RuntimeError("after the effect")
        if n == 3 and param.ctx.attempt == 1:
            param.connection.execute("select pg_sleep(30)")
    """)
    conn.execute("select backlog.set_retry_policy('hook.once', p_retry_delay_seconds => 0)")
    for n in (1, 2, 3):
        save(conn, {"n": n})
    eventually(lambda: live(conn) == 0)
    assert sorted(effects(conn, "once")) == [1, 2, 3]
    assert outcomes(conn)["completed"] == 3


def test_a_lost_lease_undoes_the_effect_of_a_transactional_hook(
    conn: psycopg.Connection[Any], listen, tmp_path: Path
) -> None:
    process = listen(HEAD + """
    @checkpoint("orders", transactional=True)
    def once(param):
        param.connection.execute("insert into effect values ('once', to_jsonb(%s::int))",
                                 [param.ctx.attempt])
        while not os.path.exists("go"):
            time.sleep(0.02)
    """)
    save(conn, {"n": 1})
    lease = "select unnest(ids) from backlog_internal.retry_lease"
    (item,) = eventually(lambda: conn.execute(lease).fetchone())
    # As if the lease had ended and another listener had taken the item.
    conn.execute("select backlog.cancel_retry_item(%s)", [item])
    (tmp_path / "go").touch()
    eventually(lambda: process.events("item failed"))
    assert process.events("item failed")[0]["outcome"] == "stale"
    assert effects(conn, "once") == []


@pytest.mark.parametrize("transactional", [True, False])
def test_a_hook_can_pause_its_pipeline(
    conn: psycopg.Connection[Any], listen, transactional: bool
) -> None:
    process = listen(HEAD + f"""
    @checkpoint(transactional={transactional})
    def guard(param):
        if param.record["amount"] > 100:
            return stop("too much: password=hunter2")
    """)
    save(conn, {"amount": 5})
    save(conn, {"amount": 500}, pipeline="returns")
    eventually(lambda: live(conn) == 0)

    rows = conn.execute("select name, pause_reason from backlog.pipelines where paused_at is not null")
    assert rows.fetchall() == [("returns", "hook guard: too much: password=***")]
    (line,) = eventually(lambda: process.events("pipeline paused"))
    assert (line["pipeline"], line["reason"]) == ("returns", "hook guard: too much: password=***")


def test_hooks_of_the_database_alone_are_left_to_others(
    conn: psycopg.Connection[Any], listen
) -> None:
    make_hook(conn, "elsewhere")
    save(conn, {"id": 1})
    listen(HEAD + NOTE + """
    @checkpoint("orders")
    def audit(param):
        effect("audit")
    """, "--until-idle").ended()
    assert [row[0] for row in conn.execute("select event_type from backlog.retry_items")] == [
        "hook.elsewhere"
    ]


def test_a_definition_that_cannot_work_ends_the_listener_at_once(
    conn: psycopg.Connection[Any], tmp_path: Path
) -> None:
    process = ListenerProcess(conn.info.dsn, tmp_path, HEAD + """
    @checkpoint("orders", mode="bulk", order_key="id")
    def audit(param): ...
    """)
    assert process.ended() == 1
    text = process.log.read_text()
    assert "error: hook 'audit': only a hook that is called for each record can order" in text
    assert "Traceback" not in text


def test_nothing_in_the_database_is_ever_imported_or_run(
    conn: psycopg.Connection[Any], listen, tmp_path: Path
) -> None:
    """Whatever rows say, only the modules named by --hooks are imported."""
    (tmp_path / "evil.py").write_text(
        "import pathlib\npathlib.Path('evil.txt').write_text('x')\n"
        "from pgbacklog import checkpoint\n@checkpoint()\ndef run(param): ...\n"
    )
    pickled = "cposix\nsystem\n(S'touch evil.txt'\ntR."
    wicked = {
        "hook": "evil", "module": "evil", "function": "evil.run", "__class__": "evil.run",
        "!!python/object/apply:os.system": ["touch evil.txt"], "pickle": pickled,
        "__reduce__": ["os.system", "touch evil.txt"], "py/object": "evil.run", "f": "{0.__class__}",
    }  # fmt: skip
    for name in ("evil", "evil.run", "os.system", "audit.evil"):
        make_hook(conn, name)
        enqueue(conn, f"hook.{name}", plugin_name="evil", event_metadata={"hooks": "evil"})
    make_hook(conn, "audit")
    for event_type in ("hook.audit", "hook.evil"):
        enqueue(conn, event_type, plugin_name="evil.run")
        conn.execute(
            "select backlog.enqueue_retry_item(%s, %s, p_plugin_name => 'evil')",
            [event_type, json.dumps(wicked)],
        )
    save(conn, wicked)
    process = listen(HEAD + NOTE + """
    @checkpoint("orders")
    def audit(param):
        effect("audit", record=param.record)
    """)
    eventually(lambda: effects(conn, "audit"))
    eventually(lambda: len(process.events("item failed")) == 2)  # those without facts of an event
    process.process.terminate()
    assert process.ended() == 0

    assert effects(conn, "audit") == [{"record": wicked}]
    assert not (tmp_path / "evil.txt").exists()
    untouched = conn.execute(
        "select distinct event_type from backlog.retry_items where retry_count = 0 order by 1"
    ).fetchall()
    assert untouched == [("hook.audit.evil",), ("hook.evil",), ("hook.evil.run",), ("hook.os.system",)]


def test_a_broken_auxiliary_database_fails_only_the_hooks_that_use_it(
    conn: psycopg.Connection[Any], listen, tmp_path: Path
) -> None:
    """Its breaker opens, no attempt is counted, and all is delivered once it is back."""
    (tmp_path / "pgbacklog.toml").write_text(
        f'[connections.audit]\nurl = "sqlite:///{tmp_path}/away/audit.db?password=sesame99"\n'
    )
    process = listen(HEAD + NOTE + """
    @checkpoint("orders", mode="individual", concurrency=1)
    def audit(param):
        db = param.auxiliary_db["audit"]
        db.execute("create table if not exists log (n)")
        db.execute("insert into log values (?)", [param.record["n"]])

    @checkpoint("orders", mode="individual")
    def fine(param):
        effect("fine", n=param.record["n"])
    """)
    conn.execute(
        "select backlog.set_retry_policy('hook.audit', p_retry_delay_seconds => 1, "
        "p_breaker_cooldown_seconds => 1)"
    )
    save(conn, *[{"n": n} for n in range(5)])
    eventually(lambda: len(effects(conn, "fine")) == 5)
    eventually(lambda: process.events("item failed"))
    state = conn.execute(
        "select state from backlog.circuit_breakers where event_type = 'hook.audit'"
    ).fetchone()
    assert state in {("open",), ("half_open",)}
    assert {e["code"] for e in process.events("item failed")} == {"AuxiliaryUnavailable"}
    assert conn.execute("select max(retry_count) from backlog.retry_items").fetchone() == (0,)

    (tmp_path / "away").mkdir()
    eventually(lambda: live(conn) == 0)
    with sqlite3.connect(tmp_path / "away" / "audit.db") as audit:
        assert sorted(audit.execute("select n from log")) == [(n,) for n in range(5)]
    assert "sesame99" not in process.log.read_text()


def test_secrets_of_the_configuration_reach_neither_database_nor_log(
    conn: psycopg.Connection[Any], listen, tmp_path: Path
) -> None:
    (tmp_path / "pgbacklog.toml").write_text(
        '[connections.far]\nurl = "postgresql://app:sesame99@127.0.0.1:1/x"\n'
        '[connections.near]\nurl = "sqlite:///near.db?token=sesame88"\n'
    )
    process = listen(HEAD + """
    @checkpoint("orders")
    def leaks(param):
        param.logger.warning("trying with %s", "sesame99")
        param.auxiliary_db["near"].execute("select 1")
        raise RuntimeError("the driver quotes sesame99 and sesame88")

    @checkpoint("orders")
    def far(param):
        param.auxiliary_db["far"]
    """, "--log-level", "debug")
    save(conn, {"n": 1})
    eventually(lambda: len(process.events("item failed")) == 2)
    process.process.terminate()
    process.ended()

    stored = conn.execute("select string_agg(i::text, ' ') from backlog.retry_items as i").fetchone()
    for text in (process.log.read_text(), stored[0]):
        assert "***" in text
        assert "sesame" not in text


def test_the_worker_role_is_enough_for_hooks(
    db: Database, conn: psycopg.Connection[Any], listen
) -> None:
    process = listen(
        HEAD + """
    @checkpoint("orders")
    def audit(param):
        return stop("enough")

    @checkpoint("orders", mode="individual", order_key="id", transactional=True)
    def once(param):
        param.connection.execute("insert into effect values ('once')")
    """,
        dsn=make_conninfo(db.dsn, options="-c role=backlog_worker"),
    )
    save(conn, {"id": 1})
    eventually(lambda: live(conn) == 0)
    process.process.terminate()
    assert process.ended() == 0
    assert not [event for event in process.events() if event["level"] == "error"]
    assert process.events("pipeline paused")


def test_connections_are_closed_when_the_listener_stops(
    db: Database, conn: psycopg.Connection[Any], listen
) -> None:
    process = listen(HEAD + """
    @checkpoint("orders")
    def audit(param):
        param.destination_db.execute("set application_name = 'lent to audit'")
    """)
    lent = "select state from pg_stat_activity where application_name = 'lent to audit'"
    assert conn.execute(lent).fetchall() == []
    save(conn, {"id": 1})
    eventually(lambda: conn.execute(lent).fetchall() == [("idle",)])  # kept, not in a transaction
    process.process.terminate()
    assert process.ended() == 0
    eventually(lambda: conn.execute(lent).fetchall() == [])


SQL_HOOKS = """
    create schema shop;
    create table shop.ledger (hook text, id int);
    create function shop.note(p_event jsonb) returns void language sql as
      'insert into shop.ledger select p_event ->> ''hook'', (p_event #>> ''{record,id}'')::int';
    create function shop.sleep(p_event jsonb) returns void language sql as 'select pg_sleep(3600)';
    create function shop.guard(p_event jsonb) returns text language sql as
      'select ''stop: enough''::text';
"""


def ledger(conn: psycopg.Connection[Any]) -> list[tuple]:
    """Return what SQL hooks have noted."""
    return conn.execute("select hook, id from shop.ledger order by 1, 2").fetchall()


def test_sql_hooks_run_beside_the_others_under_a_time_out(
    conn: psycopg.Connection[Any], listen
) -> None:
    conn.execute(SQL_HOOKS)
    call = "select backlog.register_sql_hook(%s, %s::regprocedure, p_mode => 'individual'"
    conn.execute(f"{call}, p_timeout_seconds => 1)", ["sleepy", "shop.sleep(jsonb)"])
    conn.execute(f"{call})", ["early", "shop.note(jsonb)"])
    conn.execute(f"{call}, p_pipelines => '{{returns}}')", ["guard", "shop.guard(jsonb)"])
    process = listen(HEAD + NOTE + """
    @checkpoint("orders", mode="individual")
    def fine(param):
        effect("fine", id=param.record["id"])
    """)
    save(conn, {"id": 1}, {"id": 2})
    eventually(lambda: ledger(conn) == [("early", 1), ("early", 2)])
    eventually(lambda: len(effects(conn, "fine")) == 2)
    conn.execute(f"{call})", ["late", "shop.note(jsonb)"])  # a listener finds new ones by itself
    save(conn, {"id": 3}, pipeline="returns")
    eventually(lambda: ledger(conn) == [("early", 1), ("early", 2), ("early", 3), ("late", 3)])
    eventually(lambda: process.events("item failed"))
    assert {e["code"] for e in process.events("item failed")} == {"57014"}
    assert conn.execute(
        "select pause_reason from backlog.pipelines where name = 'returns'"
    ).fetchone() == ("hook guard: enough",)

    conn.execute("select backlog.disable_hook('early')")
    eventually(lambda: "early" not in process.events("hooks in SQL")[-1]["event_types"])
    save(conn, {"id": 4})
    eventually(lambda: ("late", 4) in ledger(conn))
    assert ("early", 4) not in ledger(conn)


def test_sql_hooks_can_be_left_to_others(conn: psycopg.Connection[Any], listen) -> None:
    conn.execute(SQL_HOOKS)
    conn.execute("select backlog.register_sql_hook('a', 'shop.note(jsonb)'::regprocedure)")
    save(conn, {"id": 1})
    # Nor can rows of the database name a function that was not registered.
    conn.execute(
        "select backlog.enqueue_retry_item('hook.audit', '{\"sql_function\": \"shop.note\"}')"
    )
    listen(HEAD + """
    @checkpoint("orders")
    def other(param): ...
    """, "--no-sql-hooks", "--until-idle").ended()
    assert ledger(conn) == []
    assert live(conn) == 2


def test_large_commits_are_delivered_in_slices(conn: psycopg.Connection[Any], listen) -> None:
    """More records than the writer wants to make deliveries of itself."""
    make_hook(conn, "each", ", p_mode => 'individual'")
    save(conn, *[{"id": n} for n in range(2500)])
    listen(HEAD + NOTE + """
    @checkpoint(mode="individual")
    def each(param):
        effect("each", id=param.record["id"])
    """, "--until-idle").ended()
    found = [each["id"] for each in effects(conn, "each")]
    assert sorted(found) == list(range(2500))


def test_ordered_hooks_take_the_records_of_a_key_in_turn(
    conn: psycopg.Connection[Any], listen, tmp_path: Path
) -> None:
    """Two listeners, and a key whose head fails at first: it blocks its key and no other."""
    hooks = HEAD + NOTE + """
    @checkpoint("orders", mode="individual", order_key="id", transactional={transactional})
    def ordered(param):
        if param.record["id"] == param.record["n"] == 0 and not os.path.exists("go"):
            raise RuntimeError("not yet")
        effect("ordered", id=param.record["id"], n=param.record["n"])
    """
    make_hook(conn, "ordered", ", p_mode => 'individual', p_order_key => 'id'")
    conn.execute(
        "select backlog.set_retry_policy('hook.ordered', p_max_retries => 1000, p_retry_delay_seconds => 1)"
    )
    for n in range(20):
        save(conn, *[{"id": key, "n": n} for key in range(5)])
    listen(hooks.format(transactional=True))
    listen(hooks.format(transactional=True))
    eventually(lambda: len(effects(conn, "ordered")) == 80)
    failed = "select max(retry_count) from backlog.retry_items where event_type = 'hook.ordered'"
    eventually(lambda: conn.execute(failed).fetchone()[0] > 1)
    assert {each["id"] for each in effects(conn, "ordered")} == {1, 2, 3, 4}
    (tmp_path / "go").touch()
    eventually(lambda: live(conn) == 0)

    seen = effects(conn, "ordered")
    for key in range(5):
        turns = [each["n"] for each in seen if each["id"] == key]
        assert turns == list(range(20)), key


def test_a_mariadb_that_goes_away_gets_everything_when_it_is_back(
    conn: psycopg.Connection[Any], mariadb: MariaDB, listen, tmp_path: Path, monkeypatch
) -> None:
    with mariadb.database() as audit:
        audit.query("create table log (n int primary key, times int)")
        monkeypatch.setenv("MARIADB_PASSWORD", mariadb.password)
        (tmp_path / "pgbacklog.toml").write_text(
            f'[connections.mysql]\nurl = "{audit.url("${MARIADB_PASSWORD}")}"\n'
            '[pipelines.orders]\nauxiliary = ["mysql"]\n'
        )
        process = listen(HEAD + NOTE + """
    @checkpoint("orders", mode="individual")
    def audit(param):
        with param.auxiliary_db["mysql"].cursor() as cursor:
            cursor.execute("insert into log values (%s, 1) on duplicate key update times = times + 1",
                           [param.record["n"]])

    @checkpoint("orders", mode="individual")
    def fine(param):
        effect("fine")
    """)
        conn.execute(
            "select backlog.set_retry_policy('hook.audit', p_retry_delay_seconds => 1, "
            "p_breaker_cooldown_seconds => 1)"
        )
        save(conn, *[{"n": n} for n in range(10)])
        eventually(lambda: live(conn) == 0)
        mariadb.stop()
        try:
            save(conn, *[{"n": n} for n in range(10, 20)])
            eventually(lambda: process.events("item failed"))
            eventually(lambda: len(effects(conn, "fine")) == 20)
        finally:
            mariadb.start()
        eventually(lambda: live(conn) == 0)
        assert {e["code"] for e in process.events("item failed")} == {"AuxiliaryUnavailable"}
        assert audit.query("select n, times from log order by n") == [(n, 1) for n in range(20)]
        assert mariadb.password not in process.log.read_text()
        process.process.terminate()
        assert process.ended() == 0
