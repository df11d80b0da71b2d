"""Sessions that wait for each other: run a call in the background, see it blocked, go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg

from support.database import Database
from support.listening import PATIENCE, eventually

RESET = """
truncate backlog_internal.retry_item, backlog_internal.retry_ready, backlog_internal.retry_lease,
  backlog_internal.retry_mark, backlog_internal.retry_lane, backlog_internal.retry_gate,
  backlog_internal.dead_letter, backlog_internal.retry_history, backlog_internal.listener;
delete from backlog_internal.retry_policy;
insert into backlog_internal.retry_policy (event_type, updated_at) values ('*', now());
"""
Answer = TypeVar("Answer")
Rows = list[tuple[Any, ...]]


class Session:
    """One connection in transactions of its own making, with a thread to wait in."""

    def __init__(self, db: Database, now: str | None = None) -> None:
        self.conn = db.connect(autocommit=True)
        self._watch = db.connect(autocommit=True)
        self._thread = ThreadPoolExecutor(1)
        self.pid = self.conn.info.backend_pid
        if now is not None:
            self.at(now)

    def at(self, now: str) -> Session:
        """Set the session's clock."""
        self.conn.execute("select set_config('test.now', %s, false)", [now])
        return self

    def run(self, query: str, *args: Any) -> Rows:
        """Run a statement here and now and return its rows."""
        cursor = self.conn.execute(query, args)
        return cursor.fetchall() if cursor.description else []

    def one(self, query: str, *args: Any) -> Any:
        """Run a statement and return the only value of its only row."""
        ((value,),) = self.run(query, *args)
        return value

    def begin(self) -> Session:
        """Open a transaction."""
        self.conn.execute("begin")
        return self

    def commit(self) -> None:
        """Commit it."""
        self.conn.execute("commit")

    def rollback(self) -> None:
        """Roll it back."""
        self.conn.execute("rollback")

    def start(self, query: str, *args: Any) -> Future[Rows]:
        """Run a statement in the background."""
        return self._thread.submit(self.run, query, *args)

    def blocked(self) -> bool:
        """Tell whether the running statement waits for another session."""
        row = self._watch.execute(
            "select cardinality(pg_blocking_pids(%s)) > 0", [self.pid]
        ).fetchone()
        return bool(row and row[0])

    def start_blocked(self, query: str, *args: Any) -> Future[Rows]:
        """Run a statement in the background and return once it waits for another session."""
        future = self.start(query, *args)
        eventually(lambda: self.blocked() or future.done())
        assert not future.done(), f"it did not wait: {future.exception() or future.result()}"
        return future

    def close(self) -> None:
        """Stop what still runs, and disconnect."""
        self._watch.execute("select pg_terminate_backend(%s, 5000)", [self.pid])
        self._thread.shutdown()
        self.conn.close()
        self._watch.close()


def empty_queue(db: Database) -> None:
    """Take everything out of the queue, so that the next test begins as on a fresh database."""
    with psycopg.connect(db.dsn, autocommit=True) as conn:
        conn.execute(RESET)


@contextmanager
def together(count: int) -> Iterator[Callable[[Callable[[int], Answer]], list[Answer]]]:
    """Yield a function that runs another in `count` threads at once and returns the answers."""
    with ThreadPoolExecutor(count) as threads:

        def run(work: Callable[[int], Answer]) -> list[Answer]:
            return list(threads.map(work, range(count)))

        yield run


def sqlstate(future: Future[Rows]) -> str | None:
    """Wait for a background statement and return the SQLSTATE of its error, or None."""
    error = future.exception(PATIENCE)
    if error is None:
        return None
    assert isinstance(error, psycopg.Error), error
    return error.sqlstate
