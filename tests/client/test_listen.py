"""What `pgbacklog listen` does with items, as a process on a real database."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from pgbacklog import Item, Listener, Registry, Settings, handler

from support.database import Database
from support.listening import enqueue, eventually, live, outcomes

HOOKS = """
    import threading
    from pgbacklog import PermanentError, RetryLater, handler

    @handler("quick")
    def quick(item):
        pass

    @handler("later")
    def later(item):
        raise RetryLater(90)

    @handler("never")
    def never(item):
        raise PermanentError("no such customer")

    @handler("leak")
    def leak(item):
        raise RuntimeError("cannot reach postgresql://app:hunter2@db/x password=hunter2")

    together = threading.Barrier(8)

    @handler("slow")
    def slow(item):
        together.wait(100)
"""


def test_items_are_handled_in_batches_and_completed(db: Database, listen) -> None:
    conn = db.connect()
    enqueue(conn, "quick", 5000)
    enqueue(conn, "unknown", 5)
    assert listen(HOOKS, "--until-idle").ended() == 0

    assert outcomes(conn) == {"completed": 5000}
    rows = conn.execute("select event_type, status from backlog.retry_items").fetchall()
    assert rows == [("unknown", "pending")] * 5


def test_a_sleeping_listener_wakes_up_at_once(db: Database, listen) -> None:
    conn = db.connect()
    listen(HOOKS, "--poll-interval", "600")
    for _ in range(3):
        time.sleep(0.5)
        enqueue(conn, "quick")
        eventually(lambda: live(conn) == 0)  # long before it would look by itself


def test_deferred_items_are_found_when_their_time_comes(db: Database, listen) -> None:
    conn = db.connect()
    conn.execute("select backlog.enqueue_retry_item('quick', p_run_at => now() + interval '2 s')")
    listen(HOOKS, "--poll-interval", "600")
    eventually(lambda: live(conn) == 0)


def test_answers_of_handlers_decide_what_follows(db: Database, listen) -> None:
    conn = db.connect()
    enqueue(conn, "later")
    enqueue(conn, "never")
    listen(HOOKS, "--until-idle").ended()

    later = conn.execute(
        "select retry_count, extract(epoch from run_at - now()) from backlog.retry_items"
    ).fetchone()
    assert later[0] == 0
    assert 0 < later[1] <= 90
    dead = conn.execute("select event_type, reason, error from backlog.dead_letters").fetchone()
    assert dead == ("never", "permanent_error", "PermanentError: no such customer")


def test_slow_items_are_shared_among_threads(db: Database, listen) -> None:
    """A batch that turns out slow does not wait for one thread: none of its items ends before eight are begun."""
    conn = db.connect()
    enqueue(conn, "slow", 16)
    process = listen(HOOKS, "--threads", "8")
    eventually(lambda: live(conn) == 0)
    assert outcomes(conn) == {"completed": 16}
    process.process.terminate()
    assert process.ended() == 0


def test_passwords_reach_neither_the_log_nor_the_queue(db: Database, listen) -> None:
    conn = db.connect()
    enqueue(conn, "leak")
    process = listen(HOOKS, "--until-idle", "--log-level", "debug")
    process.ended()

    assert process.events("item failed")
    assert "hunter2" not in process.log.read_text()
    stored = conn.execute("select errors::text from backlog.retry_items").fetchone()[0]
    assert "hunter2" not in stored
    assert "***" in stored


def test_rows_of_the_database_import_nothing(db: Database, listen, tmp_path: Path) -> None:
    """Whatever is in an item, only the modules named by --hooks are imported."""
    (tmp_path / "evil.py").write_text("import pathlib; pathlib.Path('evil.txt').write_text('x')")
    conn = db.connect()
    for event_type in ("evil", "evil.run", "evil:run", "fetch.evil"):
        enqueue(conn, event_type, 1, plugin_name="evil", channel_name="evil.run")
    enqueue(conn, "quick", 1, plugin_name="evil", event_metadata={"hooks": "evil"})
    listen(HOOKS, "--until-idle").ended()

    assert outcomes(conn) == {"completed": 1}
    assert live(conn) == 4
    assert not (tmp_path / "evil.txt").exists()


FINE = "from pgbacklog import handler\n@handler('a')\ndef f(item): ...\n"


def run(dsn: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pgbacklog", *arguments], cwd=folder, capture_output=True, text=True,
        timeout=120, env={**os.environ, "DATABASE_URL": dsn}, check=False,
    )  # fmt: skip


def test_mistakes_at_the_start_are_told_without_a_traceback(db: Database, tmp_path: Path) -> None:
    (tmp_path / "fine.py").write_text(FINE)
    missing = run(db.dsn, tmp_path, "listen", "--hooks", "nowhere.hooks")
    unknown = run(db.dsn, tmp_path, "listen", "--hooks", "fine", "--event-type", "b")
    no_hooks = run(db.dsn, tmp_path, "listen")
    no_server = run("host=127.0.0.1 port=1", tmp_path, "listen", "--hooks", "fine")

    assert (missing.returncode, unknown.returncode) == (1, 1)
    assert "the hooks module nowhere.hooks cannot be imported" in missing.stderr
    assert "hint: The hooks handle: a." in unknown.stderr
    assert no_hooks.returncode == 2
    assert no_server.returncode == 3
    for done in (missing, unknown, no_hooks, no_server):
        assert "Traceback" not in done.stderr


def test_a_database_without_the_schema_is_refused(empty_db: Database, tmp_path: Path) -> None:
    (tmp_path / "fine.py").write_text(FINE)
    done = run(empty_db.dsn, tmp_path, "listen", "--hooks", "fine", "--until-idle")
    assert done.returncode == 1
    assert "hint: Run: pgbacklog migrate" in done.stderr


def test_text_logs_are_key_value_lines(db: Database, tmp_path: Path) -> None:
    (tmp_path / "fine.py").write_text(FINE)
    done = run(db.dsn, tmp_path, "listen", "--hooks", "fine", "--until-idle", "--worker-id", "w 1")
    assert 'info "listening" worker_id="w 1" event_types=a threads=8' in done.stderr


@pytest.mark.slow
def test_many_waiting_items_need_little_memory(db: Database, listen) -> None:
    """The listener holds no more than threads times batch size items: all of them would be twice the limit."""
    conn = db.connect()
    conn.execute("set synchronous_commit = off")
    items = json.dumps([{"event_type": "quick", "event_data": {"pad": "x" * 200}}] * 20000)
    for _ in range(10):
        conn.execute("select count(*) from backlog.enqueue_retry_items(%s)", [items])
    process = listen(HOOKS, "--threads", "8", "--batch-size", "1000")
    eventually(lambda: outcomes(conn).get("completed", 0) > 100_000)
    text = Path(f"/proc/{process.process.pid}/status").read_text()
    peak = next(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM"))
    assert peak < 100 * 1024, f"{peak} kB"


def test_the_worker_role_is_enough(db: Database, listen) -> None:
    """A listener needs no right but those of backlog_worker."""
    conn = db.connect()
    enqueue(conn, "quick", 3)
    enqueue(conn, "never")
    enqueue(conn, "later")
    process = listen(HOOKS, dsn=make_conninfo(db.dsn, options="-c role=backlog_worker"))
    eventually(lambda: outcomes(conn).get("completed") == 3)
    eventually(lambda: len(process.events("item failed")) == 2)
    time.sleep(1.5)
    process.process.terminate()
    process.ended()

    assert not [event for event in process.events() if event["level"] == "error"]


def test_a_listener_that_is_gone_leaves_nothing_open() -> None:
    def opened() -> int:
        gc.collect()
        return len(list(Path("/proc/self/fd").iterdir()))

    before = opened()
    listeners = [Listener("", Registry(), Settings("gone")) for _ in range(10)]
    assert opened() >= before + 20
    del listeners
    assert opened() == before


def test_a_listener_that_is_stopped_in_a_hurry_leaves_no_thread_behind(db: Database) -> None:
    """Though the handler that it did not wait for comes to its end only later."""
    begun, release = threading.Event(), threading.Event()

    @handler("slow")
    def slow(item: Item) -> None:
        begun.set()
        release.wait(100)

    conn, registry = db.connect(), Registry()
    registry.update((x.event_type, x) for x in slow.__pgbacklog_handlers__)
    enqueue(conn, "slow")
    before = set(threading.enumerate())
    listener = Listener(db.dsn, registry, Settings("hasty", poll_interval=0.1))
    thread = threading.Thread(target=listener.run)
    thread.start()
    assert begun.wait(100)
    listener.stop()
    listener.stop()
    thread.join()
    assert live(conn) == 1
    release.set()
    eventually(lambda: set(threading.enumerate()) <= before)
