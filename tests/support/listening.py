"""Run `pgbacklog listen` as a process of its own, on hooks that the test writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import psycopg

Found = TypeVar("Found")
# Seconds until what has not happened is taken to hang; tests must not depend on how fast the machine is.
PATIENCE = 120


def eventually(look: Callable[[], Found], seconds: float = PATIENCE) -> Found:
    """Look again and again until there is something true to see; fail after a while."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
    return found


class ListenerProcess:
    """One listener; its log is JSON in a file."""

    def __init__(self, dsn: str, folder: Path, hooks: str, *options: str) -> None:
        (folder / "hooks_under_test.py").write_text(textwrap.dedent(hooks), encoding="utf-8")
        self.log = folder / f"listener-{time.monotonic_ns()}.log"
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pgbacklog", "listen", "--hooks", "hooks_under_test",
                 "--log-format", "json", "--poll-interval", "1", *options],
                cwd=folder, stdout=out, stderr=subprocess.STDOUT,
                env={**os.environ, "DATABASE_URL": dsn, "TEST_DSN": dsn},
            )  # fmt: skip

    def events(self, name: str | None = None) -> list[dict[str, Any]]:
        """Return the log lines so far, or those of one event."""
        lines = [x for x in self.log.read_text(encoding="utf-8").splitlines() if x[:1] == "{"]
        found = [json.loads(line) for line in lines if line.endswith("}")]
        return [each for each in found if name is None or each["event"] == name]

    def ready(self) -> ListenerProcess:
        """Wait until it listens."""
        eventually(lambda: self.events("listening") or self.process.poll() is not None)
        assert self.process.poll() is None, self.log.read_text(encoding="utf-8")
        return self

    def ended(self, seconds: float = PATIENCE) -> int:
        """Wait for its end and return the exit status."""
        return self.process.wait(seconds)

    def close(self) -> None:
        """Kill it if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def enqueue(
    conn: psycopg.Connection[Any], event_type: str, count: int = 1, **more: object
) -> list[int]:
    """Enqueue items numbered 1 to `count` in event_data and return their ids."""
    items = [{"event_type": event_type, "event_data": {"n": n + 1}, **more} for n in range(count)]
    rows = conn.execute(
        "select id from backlog.enqueue_retry_items(%s) order by item_position", [json.dumps(items)]
    )
    return [row[0] for row in rows]


def outcomes(conn: psycopg.Connection[Any]) -> dict[str, int]:
    """Count the history by outcome."""
    return dict(
        conn.execute("select outcome, count(*) from backlog.retry_history group by 1").fetchall()
    )


def resting(conn: psycopg.Connection[Any]) -> bool:
    """Tell whether every listener's session has been idle for a second, and one asks to be notified."""
    return conn.execute(
        "select bool_and(a.state = 'idle' and a.state_change < clock_timestamp() - interval '1 second')"
        " and exists (select from backlog_internal.listener)"
        " from pg_stat_activity as a"
        " where a.datname = current_database() and a.application_name like 'pgbacklog %'"
    ).fetchone()[0]


def live(conn: psycopg.Connection[Any]) -> int:
    """Count the items that are not at their end."""
    return conn.execute("select count(*) from backlog.retry_items").fetchone()[0]
