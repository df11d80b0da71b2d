"""What happens to items when their worker dies, hangs, or is told to stop."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

from support.database import Database
from support.listening import enqueue, eventually, live, outcomes

LEDGER = "create table effect (n int not null, pid int not null, at timestamptz default now())"
NOTE_EFFECT = """
    import os, time
    import psycopg
    from pgbacklog import handler

    conn = psycopg.connect(os.environ["TEST_DSN"], autocommit=True)

    @handler("work")
    def work(item):
        conn.execute("insert into effect values (%s, %s)", [item.event_data["n"], os.getpid()])
        time.sleep({seconds})
"""
NOTE_EFFECT_ONCE = """
    import os, time
    from pgbacklog import handler

    @handler("work", transactional=True)
    def work(item, conn):
        conn.execute("insert into effect values (%s, %s)", [item.event_data["n"], os.getpid()])
        time.sleep({seconds})
"""


def gated(hooks: str) -> str:
    """Return hooks whose items take until there is a file "go" in the listener's folder."""
    wait = 'while not os.path.exists("go"): time.sleep(0.02)'
    return hooks.replace("time.sleep({seconds})", wait)


def states(conn) -> list[tuple]:
    """Count live items by status and attempts."""
    return conn.execute(
        "select status, retry_count, count(*) from backlog.retry_items group by 1, 2"
    ).fetchall()


def effects(conn) -> int:
    """Count what the handlers did."""
    return conn.execute("select count(*) from effect").fetchone()[0]


def test_items_of_a_killed_worker_come_back_after_the_lease(db: Database, listen) -> None:
    """Nothing is lost when a worker vanishes in the middle of its batch."""
    conn = db.connect()
    conn.execute(LEDGER)
    conn.execute("select backlog.set_retry_policy('work', 20, p_retry_delay_seconds => 0)")
    enqueue(conn, "work", 60)
    first = listen(NOTE_EFFECT.format(seconds=0.1), "--threads", "2", "--lock-timeout", "3")
    eventually(lambda: effects(conn) > 5)
    os.kill(first.process.pid, signal.SIGKILL)
    first.ended()
    under_lease = conn.execute("select sum(cardinality(ids)) from backlog_internal.retry_lease")
    assert under_lease.fetchone()[0] > 0

    listen(NOTE_EFFECT.format(seconds=0), "--lock-timeout", "3")
    eventually(lambda: live(conn) == 0)

    assert outcomes(conn)["completed"] == 60
    assert outcomes(conn)["failed"] > 0  # a crash counts as an attempt
    assert conn.execute("select count(distinct n) from effect").fetchone()[0] == 60


def test_transactional_effects_happen_once_whenever_workers_are_killed(
    db: Database, listen
) -> None:
    """An effect in the item's own transaction is neither lost nor doubled by crashes."""
    conn = db.connect()
    conn.execute(LEDGER)
    conn.execute(
        "select backlog.set_retry_policy('work', p_max_retries => 50, p_retry_delay_seconds => 0)"
    )
    enqueue(conn, "work", 400)
    chance = random.Random(7)
    options = ("--threads", "3", "--lock-timeout", "3")
    victims = 0
    while live(conn):
        process = listen(NOTE_EFFECT_ONCE.format(seconds=0.02), *options)
        if victims < 4:
            time.sleep(chance.uniform(0.2, 0.8))
            os.kill(process.process.pid, signal.SIGKILL)
            process.ended()
            victims += 1
        else:
            eventually(lambda: live(conn) == 0)

    assert conn.execute("select count(*), count(distinct n) from effect").fetchone() == (400, 400)


def test_an_item_that_kills_its_worker_ends_as_a_dead_letter(db: Database, listen) -> None:
    """A poison item cannot kill workers forever."""
    conn = db.connect()
    conn.execute(
        "select backlog.set_retry_policy('poison', p_max_retries => 2, p_retry_delay_seconds => 0)"
    )
    (poison,) = enqueue(conn, "poison")
    hooks = """
        import os
        from pgbacklog import handler

        @handler("poison")
        def kill(item):
            os._exit(9)
    """
    for _ in range(2):
        assert listen(hooks, "--lock-timeout", "3").ended() == 9
    listen(hooks, "--lock-timeout", "3")
    eventually(lambda: live(conn) == 0)

    rows = conn.execute("select id, reason, retry_count from backlog.dead_letters").fetchall()
    assert rows == [(poison, "retries_exhausted", 2)]


def test_a_stopped_listener_finishes_what_runs_and_releases_the_rest(
    db: Database, listen, tmp_path: Path
) -> None:
    """SIGTERM costs no attempt: running items complete, waiting ones are free at once."""
    conn = db.connect()
    conn.execute(LEDGER)
    enqueue(conn, "work", 10)
    process = listen(gated(NOTE_EFFECT), "--threads", "1")
    eventually(lambda: effects(conn) == 1)
    process.process.terminate()
    eventually(lambda: process.events("stopping"))
    (tmp_path / "go").touch()

    assert process.ended() == 0
    assert states(conn) == [("pending", 0, 9)]
    assert outcomes(conn) == {"completed": 1}
    assert effects(conn) == 1


def test_a_second_signal_does_not_wait_for_running_handlers(db: Database, listen) -> None:
    """An impatient operator gets the process to end; its items are released."""
    conn = db.connect()
    conn.execute(LEDGER)
    enqueue(conn, "work", 2)
    process = listen(gated(NOTE_EFFECT), "--threads", "2", "--grace", "3600")
    eventually(lambda: effects(conn) == 2)
    process.process.terminate()
    eventually(lambda: process.events("stopping"))
    process.process.terminate()

    assert process.ended() == 0
    assert states(conn) == [("pending", 0, 2)]


def test_a_hanging_handler_costs_its_item_an_attempt_and_nothing_else(
    db: Database, listen, tmp_path: Path
) -> None:
    """The late result of a handler that overran its time is dropped; other items go on."""
    conn = db.connect()
    conn.execute(LEDGER)
    hooks = """
        import os, time
        from pgbacklog import handler

        @handler("hang", timeout=0.5)
        def hang(item):
            while item.event_data["n"] == 3 and not os.path.exists("go"):
                time.sleep(0.02)
    """
    ids = enqueue(conn, "hang", 6)
    process = listen(hooks, "--threads", "1")
    eventually(lambda: outcomes(conn).get("completed") == 5)
    eventually(lambda: process.events("handler hangs"))
    (tmp_path / "go").touch()
    eventually(lambda: process.events("late result dropped"))

    row = conn.execute("select id, status, retry_count, last_error from backlog.retry_items")
    assert row.fetchall() == [(ids[2], "pending", 1, "TimeoutError: no answer in 0.5 s")]
    assert [event["id"] for event in process.events("handler hangs")] == [ids[2]]
    assert process.process.poll() is None


def test_a_listener_whose_handlers_all_hang_ends_to_be_restarted(db: Database, listen) -> None:
    """Threads cannot be killed, so there is a limit to how many may hang."""
    conn = db.connect()
    hooks = """
        import time
        from pgbacklog import handler

        @handler("hang", timeout=0.3)
        def hang(item):
            time.sleep(60)
    """
    enqueue(conn, "hang", 20)
    assert listen(hooks, "--threads", "2").ended() == 6
    rows = dict(
        conn.execute("select retry_count, count(*) from backlog.retry_items group by 1").fetchall()
    )
    assert 3 <= rows[1] <= 8
    assert rows[0] == 20 - rows[1]
    assert conn.execute("select count(*) from backlog_internal.retry_lease").fetchone()[0] == 0


def test_heartbeats_keep_the_lease_of_a_long_item(db: Database, listen) -> None:
    """An item may take longer than the lease as long as its worker lives."""
    conn = db.connect()
    conn.execute(LEDGER)
    enqueue(conn, "work", 1)
    # Two missed heartbeats must not lose it: on a machine that stops for three seconds they may come late.
    listen(NOTE_EFFECT.format(seconds=8), "--lock-timeout", "5")
    listen(NOTE_EFFECT.format(seconds=8), "--lock-timeout", "5")
    eventually(lambda: live(conn) == 0)

    assert effects(conn) == 1
    assert outcomes(conn) == {"completed": 1}


def test_results_under_a_lost_lease_are_dropped(db: Database, listen, tmp_path: Path) -> None:
    """Whoever lost the lease neither completes the item nor keeps its transactional effect."""
    conn = db.connect()
    conn.execute(LEDGER)
    enqueue(conn, "work", 1)
    process = listen(gated(NOTE_EFFECT_ONCE), "--lock-timeout", "300")
    eventually(lambda: conn.execute("select 1 from backlog_internal.retry_lease").fetchone())
    conn.execute("select backlog.pause_event_type('work')")
    conn.execute(
        "select backlog.release_retry_items(ids, array[token]) from backlog_internal.retry_lease"
    )
    (tmp_path / "go").touch()
    eventually(lambda: process.events("item failed"))

    assert process.events("item failed")[0]["outcome"] == "stale"
    assert effects(conn) == 0
    assert live(conn) == 1
