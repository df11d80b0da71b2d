"""Run handlers: acquire batches of retry items, call the user's functions, report the outcomes.

Every runner is a thread with a connection of its own. It acquires as many items as it can finish
in about a tenth of a second, so quick items come and go a hundred at a time, by one statement, and
slow ones singly. When a batch turns out slower than expected, idle runners help with it. A watchdog
extends leases and gives up on runners whose handler overran its time.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from time import monotonic, sleep
from typing import Any, NamedTuple

import psycopg
from psycopg.types.json import Jsonb

from pgbacklog.link import Link
from pgbacklog.logs import logger, note, redacted
from pgbacklog.registry import Handler, Item, Page, PermanentError, Registry, RetryLater

_TARGET = 0.1  # seconds that a batch should take; older batches are shared with idle runners
_REPORT = 0.5  # seconds after which finished items of an unfinished batch are reported
_WATCH = 0.1  # seconds between two looks of the watchdog

_COLUMNS = ", ".join(Item.__slots__)
_ACQUIRE = (
    f"select {_COLUMNS} from backlog.complete_and_acquire_retry_items("  # noqa: S608 - constants
    "p_lock_token => %s::bigint, p_worker_id => %s, p_batch_size => %s, p_lock_timeout => %s, "
    "p_event_types => %s)"
)
_COMPLETE = (
    "select r.id from backlog.complete_retry_items(%s::bigint[], %s::bigint[], 'skip') as r "
    "where r.outcome = 'stale'"
)
_COMPLETE_OR_RAISE = "select from backlog.complete_retry_items(%s::bigint[], %s::bigint[])"
_FAIL = (
    "select r.id, r.outcome, r.run_at from backlog.fail_retry_items(%s::bigint[], %s::bigint[], "
    "%s::text[], %s::text[], %s::int[], 'skip') as r"
)
_RELEASE = "select r.id from backlog.release_retry_items(%s::bigint[], %s::bigint[], 'skip') as r"
_EXTEND = "select backlog.extend_lease(%s, %s, %s)"
_STAGE = "select backlog.stage_rows(%s, %s, %s, %s, %s)"
_STAGED = "select backlog.stage_retry_item(p_pipeline => %s, p_id => %s, p_lock_token => %s)"
_NEXT_PAGE = "select backlog.enqueue_fetch(%s, %s)"


@dataclass(frozen=True, slots=True)
class Settings:
    """How to work. Times are seconds."""

    worker_id: str
    batch_size: int = 100
    threads: int = 8
    lock_timeout: int = 300
    item_timeout: float = 300
    poll_interval: float = 5
    grace: float = 30


class Failure(NamedTuple):
    """A failed item and what to tell the database about it."""

    item: Item
    error: str
    code: str
    retry_after: int | None


class Batch:
    """The items acquired by one call, under one lock token."""

    __slots__ = ("extended_at", "shared", "stale", "taken_at", "todo", "token", "users")

    def __init__(self, items: list[Item]) -> None:
        self.token = items[0].lock_token
        self.todo = deque(items)  # popleft is atomic, so runners share it without a lock
        self.taken_at = self.extended_at = monotonic()
        self.users = 1
        self.shared = self.stale = False


class Pool:
    """The runners, the batches they hold, and the watchdog over both."""

    def __init__(
        self, registry: Registry, settings: Settings, open_link: Callable[[str], Link]
    ) -> None:
        self.registry, self.settings, self.open_link = registry, settings, open_link
        self.event_types = sorted(registry)
        self.stopping = False
        self.staged = threading.Event()  # a page waits to be loaded
        self.done = self.failed = self.stuck = 0
        self.batches_taken = 0
        self.seconds_per_item = _TARGET / 10
        self.batches: dict[int, Batch] = {}
        # Whoever removes an item from `running` decides its fate: its runner when the handler
        # returns, or the watchdog when it does not. dict.pop is atomic.
        self.running: dict[Item, tuple[float, Runner]] = {}
        self._runners: set[Runner] = set()
        self._idle = self._permits = 0
        self._condition = threading.Condition()
        self._bell_out, self._bell_in = os.pipe()
        os.set_blocking(self._bell_in, False)
        self._watchdog = threading.Thread(target=self._watch, daemon=True, name="watchdog")
        self._watchdog.start()

    # Runners and their rest

    def wake(self) -> None:
        """Let one runner look for work: an idle one, or a new one."""
        with self._condition:
            if self.stopping:
                return
            if self._idle > self._permits or len(self._runners) >= self.settings.threads:
                self._permits = min(self._permits + 1, self.settings.threads)
                self._condition.notify()
                return
            self._start(Runner(self))

    def rest(self) -> bool:
        """Block the calling runner until there may be work; False when it shall end."""
        with self._condition:
            self._idle += 1
            if not self._permits:
                self.ring()
            self._condition.wait_for(lambda: self._permits or self.stopping)
            self._idle -= 1
            self._permits = max(0, self._permits - 1)
            return not self.stopping

    def quiet(self) -> bool:
        """Tell whether every runner rests, so that nobody will look for work unasked."""
        with self._condition:
            return self._idle == len(self._runners) and not self._permits

    def has_idle(self) -> bool:
        """Tell whether a runner could take work now."""
        with self._condition:
            return self._idle > self._permits or len(self._runners) < self.settings.threads

    @property
    def bell(self) -> int:
        """File descriptor that becomes readable when a runner goes to rest, or somebody rings."""
        return self._bell_out

    def ring(self) -> None:
        """Make the bell readable; safe in a signal handler."""
        with suppress(BlockingIOError):  # full of unread rings is as good
            os.write(self._bell_in, b"!")

    def _start(self, runner: Runner) -> None:
        self._runners.add(runner)
        runner.start()

    def end(self, runner: Runner) -> None:
        """Forget a runner whose thread ends; one that is forgotten already was stuck."""
        with self._condition:
            if runner in self._runners:
                self._runners.discard(runner)
            else:
                self.stuck -= 1
        self.ring()

    def count(self, done: int = 0, failed: int = 0) -> None:
        """Add to the numbers of items that ended well or badly."""
        with self._condition:
            self.done += done
            self.failed += failed

    # Batches

    def take(self, rows: list[tuple[Any, ...]], asked: int) -> Batch | None:
        """Enter an acquired batch; a full one means that there is work for another runner."""
        if not rows:
            return None
        batch = Batch([Item(*row) for row in rows])
        with self._condition:
            self.batches[batch.token] = batch
            self.batches_taken += 1
        if len(rows) >= asked:
            self.wake()
        if self.stopping:  # acquired while the pool was stopping: nobody else has seen it
            self.release_waiting()
        return batch

    def join_slow_batch(self) -> Batch | None:
        """Return another runner's batch that is late and has items left."""
        if not self.batches:
            return None
        late = monotonic() - _TARGET
        with self._condition:
            for batch in self.batches.values():
                if batch.todo and batch.taken_at < late:
                    batch.shared = True  # before the first item is taken: see Runner._report_all
                    batch.users += 1
                    return batch
        return None

    def leave(self, batch: Batch) -> None:
        """Give up a share in a batch; the last one takes it off the books."""
        with self._condition:
            batch.users -= 1
            if not batch.users:
                self.batches.pop(batch.token, None)

    def batch_size(self) -> int:
        """Return how many items a runner should acquire now."""
        return max(1, min(self.settings.batch_size, int(_TARGET / self.seconds_per_item)))

    def learn(self, seconds: float, items: int) -> None:
        """Note how long a run of items took; slow ones weigh more than quick ones."""
        seen = max(seconds / items, 1e-7)
        weight = 0.5 if seen > self.seconds_per_item else 0.2
        self.seconds_per_item += weight * (seen - self.seconds_per_item)

    # The watchdog

    def _watch(self) -> None:
        link = self.open_link("watchdog")
        while not (self.stopping and not self.batches):
            sleep(_WATCH)
            try:
                now = monotonic()
                for item, (deadline, runner) in list(self.running.items()):
                    if now > deadline and self.running.pop(item, None) is not None:
                        self._give_up(item, runner)
                for batch in list(self.batches.values()):
                    if batch.todo and now - batch.taken_at > _TARGET and self.has_idle():
                        self.wake()
                    if now - batch.extended_at > self.settings.lock_timeout / 3:
                        self._extend(link, batch, now)
            except Exception as error:
                logger.exception("watchdog", extra={"fields": {"error": error}})
        link.close()

    def _give_up(self, item: Item, runner: Runner) -> None:
        # A thread cannot be killed. Its item is failed, which fences off the late result; another
        # runner inherits its books; the thread ends when its handler returns, if ever.
        error = f"TimeoutError: no answer in {self.timeout(self.registry[item.event_type]):g} s"
        note(logging.ERROR, "handler hangs", id=item.id, event_type=item.event_type, error=error)
        failure = Failure(item, error, "TimeoutError", None)
        heir = Runner(self, runner.batch, runner.done, [*runner.failed, failure])
        with self._condition:
            self.stuck += 1
            self._runners.discard(runner)
            self._start(heir)
        self.ring()
        runner.link.cancel()

    def _extend(self, link: Link, batch: Batch, now: float) -> None:
        try:
            link.call(_EXTEND, [batch.token, self.settings.worker_id, self.settings.lock_timeout])
            batch.extended_at = now
        except psycopg.Error as error:
            if error.sqlstate != "PB001":
                raise
            batch.extended_at = now
            batch.stale = True  # before the items are dropped: see Runner._report_all
            if batch.todo:
                batch.todo.clear()
                note(logging.WARNING, "lease lost", lock_token=batch.token, error=error)

    def timeout(self, handler: Handler) -> float:
        """Return the seconds that a handler may take for one item."""
        return self.settings.item_timeout if handler.timeout is None else handler.timeout

    # The end

    def stop(self, hurry: Callable[[], bool]) -> None:
        """Finish the running items within the grace time, unless in a hurry; release the others."""
        self.stopping = True  # before the batches are emptied: see Runner._report_all
        with self._condition:
            self._condition.notify_all()
        self.release_waiting()
        end = monotonic() + self.settings.grace
        while self._runners and monotonic() < end and not hurry():
            sleep(0.02)
        late = [item for item in list(self.running) if self.running.pop(item, None) is not None]
        if late:
            note(logging.WARNING, "released running items", ids=[item.id for item in late])
            self.release(late)

    def release_waiting(self) -> None:
        """Give back what no runner has begun."""
        items = []
        for batch in list(self.batches.values()):
            while batch.todo:
                try:
                    items.append(batch.todo.popleft())
                except IndexError:
                    break
        if items:
            self.release(items)

    def release(self, items: list[Item]) -> None:
        """Put items back into the queue, no attempt counted."""
        link = self.open_link("release")
        try:
            rows = link.call(_RELEASE, [[i.id for i in items], [i.lock_token for i in items]])
            note(logging.INFO, "released", items=len(rows))
        except psycopg.Error as error:
            note(logging.ERROR, "release failed", items=len(items), error=error)
        finally:
            link.close()


class Runner(threading.Thread):
    """A thread that acquires items, calls their handlers and reports the outcomes."""

    def __init__(
        self,
        pool: Pool,
        batch: Batch | None = None,
        done: Iterable[Item] = (),
        failed: Iterable[Failure] = (),
    ) -> None:
        super().__init__(daemon=True)  # a stuck handler must not keep the process alive
        self.pool, self.batch = pool, batch
        self.done, self.failed = list(done), list(failed)
        self.link = pool.open_link("runner")
        calls: dict[str, Callable[[Item], object]] = {}
        for event_type, found in pool.registry.items():
            if found.pipeline is not None:
                calls[event_type] = partial(self._fetch, found)
            elif found.transactional:
                calls[event_type] = partial(self._transact, found)
            else:
                calls[event_type] = found.call
        self.plans = {
            name: (call, pool.timeout(pool.registry[name])) for name, call in calls.items()
        }
        self.settles_itself = {
            name for name, h in pool.registry.items() if h.transactional or h.pipeline is not None
        }

    def run(self) -> None:
        """Work until the pool stops."""
        try:
            while self._step():
                pass
        finally:
            self.pool.end(self)
            self.link.close()

    def _step(self) -> bool:
        pool = self.pool
        try:
            if self.batch is None and not pool.stopping:
                self.batch = pool.join_slow_batch() or self._acquire(None)
            if self.batch is None:
                return not pool.stopping and pool.rest()
            if not self._run_items(self.batch):
                return False
            self.batch = self._report_all(self.batch)
        except Exception as error:
            # What was not reported comes back when its lease ends.
            logger.exception("runner failed", extra={"fields": {"error": error}})
            if self.batch is not None:
                self.batch.shared = True
                self.batch.todo.clear()
                pool.leave(self.batch)
                self.batch, self.done, self.failed = None, [], []
            sleep(1)
        return True

    def _acquire(self, token: int | None) -> Batch | None:
        asked, settings = self.pool.batch_size(), self.pool.settings
        values = [token, settings.worker_id, asked, settings.lock_timeout, self.pool.event_types]
        return self.pool.take(self.link.call(_ACQUIRE, values), asked)

    def _run_items(self, batch: Batch) -> bool:
        """Call the handlers of a batch; False when the watchdog has given up on this thread."""
        todo, running, plans, done = batch.todo, self.pool.running, self.plans, self.done
        started = reported = now = monotonic()
        count = 0
        while todo:
            try:
                item = todo.popleft()
            except IndexError:  # a helper took the last one
                break
            call, timeout = plans[item.event_type]
            running[item] = (now + timeout, self)
            failure = None
            try:
                call(item)
            except BaseException as error:
                failure = describe_failure(item, error)
            if running.pop(item, None) is None:
                note(logging.WARNING, "late result dropped", id=item.id, event_type=item.event_type)
                return False
            count += 1
            now = monotonic()
            if failure is not None:
                self.failed.append(failure)
            elif item.event_type not in self.settles_itself:
                done.append(item)
            if now - reported > _REPORT:
                self._report()
                done, reported = self.done, now
        if count:
            self.pool.learn(now - started, count)
        return True

    def _report_all(self, batch: Batch) -> Batch | None:
        """Report a finished batch and, when possible, acquire the next one in the same call."""
        pool = self.pool
        # Completing by token covers every item still under it. That is right only when all of them
        # went through this runner: no helper, no release, no lost lease. Each of these sets its
        # flag before it touches the items, so an empty `todo` without a flag is ours alone.
        alone = self.done and not (batch.shared or batch.stale or pool.stopping)
        if alone:
            self._report_failures()
            try:
                following = self._acquire(batch.token)
                pool.count(done=len(self.done))
            except psycopg.Error as error:
                if error.sqlstate != "PB001":
                    raise
                note(logging.WARNING, "stale results dropped", ids=[i.id for i in self.done])
                following = self._acquire(None)
            self.done = []
        else:
            self._report()
            following = None
        pool.leave(batch)
        return following

    def _report(self) -> None:
        self._report_failures()
        done, self.done = self.done, []
        if done:
            stale = self.link.call(_COMPLETE, [[i.id for i in done], [i.lock_token for i in done]])
            self.pool.count(done=len(done) - len(stale))
            for row in stale:
                note(logging.WARNING, "stale result dropped", id=row[0])

    def _report_failures(self) -> None:
        failed, self.failed = self.failed, []
        if not failed:
            return
        values = [
            [f.item.id for f in failed], [f.item.lock_token for f in failed],
            [f.error for f in failed], [f.code for f in failed], [f.retry_after for f in failed],
        ]  # fmt: skip
        outcomes = {row[0]: row[1:] for row in self.link.call(_FAIL, values)}
        self.pool.count(failed=len(failed))
        for f in failed:
            outcome, run_at = outcomes.get(f.item.id, ("stale", None))
            note(
                logging.WARNING, "item failed", id=f.item.id, event_type=f.item.event_type,
                code=f.code, error=f.error, outcome=outcome, run_at=run_at,
            )  # fmt: skip

    def _transact(self, handler: Handler, item: Item) -> None:
        connection = self.link.connect()
        with connection.transaction():
            handler.call(item, connection)
            connection.execute(_COMPLETE_OR_RAISE, [[item.id], [item.lock_token]])
        self.pool.count(done=1)

    def _fetch(self, handler: Handler, item: Item) -> None:
        page = handler.call(item)
        if isinstance(page, dict):
            page = Page(page)
        if not isinstance(page, Page):
            raise PermanentError(f"the fetcher returned {type(page).__name__}, not a Page")
        connection = self.link.connect()
        with connection.transaction():
            for table, rows in page.tables.items():
                values = [handler.pipeline, table, _json(list(rows)), item.id, item.lock_token]
                connection.execute(_STAGE, values)
            connection.execute(_STAGED, [handler.pipeline, item.id, item.lock_token])
            for request in page.next:
                connection.execute(_NEXT_PAGE, [handler.pipeline, _json(request)])
        self.pool.count(done=1)
        self.pool.staged.set()


def describe_failure(item: Item, error: BaseException) -> Failure:
    """Say what the database should know of an exception."""
    if logger.isEnabledFor(logging.DEBUG):
        logger.debug("handler raised", exc_info=error, extra={"fields": {"id": item.id}})
    text = redacted(f"{type(error).__name__}: {error}".rstrip(": ").replace("\0", ""))[:2000]
    after = -int(-error.seconds // 1) if isinstance(error, RetryLater) else None
    return Failure(item, text, error_code(error), after)


def error_code(error: BaseException) -> str:
    """Return the SQLSTATE or HTTP status that an exception carries, else its class name."""
    if sqlstate := getattr(error, "sqlstate", None):
        return str(sqlstate)
    for source in (error, getattr(error, "response", None)):
        for name in ("status", "status_code", "code"):
            value = getattr(source, name, None)
            if isinstance(value, int) and 100 <= value <= 599:
                return str(int(value))
    return type(error).__name__


def _json(value: object) -> Jsonb:
    # Dates, decimals and UUIDs become the text that PostgreSQL reads them from.
    return Jsonb(value, dumps=partial(json.dumps, default=str))
