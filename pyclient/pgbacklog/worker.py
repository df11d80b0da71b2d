"""Run handlers: acquire batches of retry items, call the user's functions, report the outcomes.

Every runner is a thread with a connection of its own. It acquires as many items as it can finish
in about a tenth of a second, so quick items come and go a hundred at a time, by one statement, and
slow ones singly. When a batch turns out slower than expected, idle runners help with it. A watchdog
extends leases and gives up on runners whose handler overran its time.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from time import monotonic, sleep
from typing import Any, NamedTuple
from weakref import finalize

import psycopg
from psycopg.types.json import Jsonb

from pgbacklog import backfill
from pgbacklog.connections import Lent
from pgbacklog.hooks import deliver
from pgbacklog.link import Link
from pgbacklog.logs import logger, note, redacted
from pgbacklog.registry import Handler, Item, Page, PermanentError, RetryLater

_REPORTED = object()  # what a call returns that has told the database of its outcome by itself
_TARGET = 0.1  # seconds that a batch should take; older batches are shared with idle runners
_REPORT = 0.5  # seconds after which finished items of an unfinished batch are reported
_WATCH = 0.1  # seconds between two looks of the watchdog

_ACQUIRE = (
    f"select {', '.join(Item.__slots__)} "  # noqa: S608 - constants
    "from backlog.complete_and_acquire_retry_items(%s::bigint, %s, %s, %s, %s)"
)
_COMPLETE = "select id from backlog.complete_retry_items(%s::bigint[], %s::bigint[], 'skip') " \
    "where outcome = 'stale'"  # fmt: skip
_COMPLETE_OR_RAISE = "select from backlog.complete_retry_items(%s::bigint[], %s::bigint[])"
_FAIL = "select id, outcome, run_at from backlog.fail_retry_items(" \
    "%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::int[], 'skip')"  # fmt: skip
_RELEASE = "select id from backlog.release_retry_items(%s::bigint[], %s::bigint[], 'skip')"
_EXTEND = "select backlog.extend_lease(%s, %s, %s)"
_STAGE = "select backlog.stage_rows(%s, %s, %s, %s, %s)"
_STAGED = "select backlog.stage_retry_item(p_pipeline => %s, p_id => %s, p_lock_token => %s)"
_NEXT_PAGE = "select backlog.enqueue_fetch(p_pipeline => %s, p_request => %s, " \
    "p_correlation_id => %s, p_priority => %s, p_channel_name => %s, p_dedupe_key => %s)"


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
    retry_after: int | None = None


class Batch:
    """The items acquired by one call, under one lock token."""

    def __init__(self, items: list[Item]) -> None:
        self.token = items[0].lock_token
        self.todo = deque(items)  # popleft is atomic, so runners share it without a lock
        self.taken_at = self.extended_at = monotonic()
        self.users = 1
        # Set before an item of it is touched by anyone but its first runner: a helper, the
        # watchdog, the end. Until then its first runner may complete it by its token.
        self.shared = False

    def empty(self) -> list[Item]:
        """Take out what no runner has begun."""
        self.shared = True
        items = []
        with suppress(IndexError):
            while True:
                items.append(self.todo.popleft())
        return items


class Bell:
    """What runners tell the main thread and the housekeeper."""

    def __init__(self) -> None:
        self.staged = threading.Event()  # a page waits to be loaded
        self._bell, self._rope = os.pipe()  # readable when a runner rests, or somebody rings
        os.set_blocking(self._rope, False)
        for end in (self._bell, self._rope):
            finalize(self, os.close, end).atexit = False

    def ring(self) -> None:
        """Make the bell readable; safe in a signal handler."""
        with suppress(BlockingIOError):  # full of unread rings is as good
            os.write(self._rope, b"!")

    def hush(self) -> None:
        """Read all rings; blocks if there was none."""
        os.read(self._bell, 4096)

    def fileno(self) -> int:
        """Return what select() can wait for."""
        return self._bell


class Pool:
    """The runners for some event types, the batches they hold, and the watchdog over both."""

    def __init__(
        self, handlers: Mapping[str, Handler], settings: Settings,
        open_link: Callable[[str], Link], lend: Callable[[], Lent], bell: Bell,
    ) -> None:  # fmt: skip
        self.handlers, self.settings, self.bell = handlers, settings, bell
        self.open_link, self.lend = open_link, lend
        self.event_types = sorted(handlers)
        self.serves_handlers = any(found.hook is None for found in handlers.values())
        self.stopping = False
        self.done = self.failed = self.stuck = self.batches_taken = 0
        self.seconds_per_item = _TARGET / 10
        self.batches: dict[int, Batch] = {}
        # Whoever removes an item from `running` decides its fate: its runner when the handler
        # returns, or the watchdog when it does not. dict.pop is atomic.
        self.running: dict[Item, tuple[float, Runner]] = {}
        self._runners: set[Runner] = set()
        self._idle = self._permits = 0
        self._condition = threading.Condition()
        threading.Thread(target=self._watch, daemon=True, name="watchdog").start()

    # Runners and their rest

    def wake(self) -> None:
        """Let one runner look for work: an idle one, or a new one."""
        with self._condition:
            if self.overrun:
                return
            if self._idle > self._permits or len(self._runners) >= self.settings.threads:
                self._permits = min(self._permits + 1, self.settings.threads)
                self._condition.notify()
            elif not self.stopping:
                self._runners.add(runner := Runner(self))
                runner.start()

    def rest(self) -> bool:
        """Block the calling runner until there may be work; False when it shall end."""
        with self._condition:
            self._idle += 1
            self.bell.ring()
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
            spare = self._idle > self._permits or len(self._runners) < self.settings.threads
            return spare and not self.overrun

    @property
    def overrun(self) -> bool:
        """Whether so many handlers hang that no more items should be risked."""
        return self.stuck > self.settings.threads

    def end(self, runner: Runner) -> None:
        """Forget a runner whose thread ends; one that is forgotten already was stuck."""
        with self._condition:
            self.stuck -= runner not in self._runners
            self._runners.discard(runner)
        self.bell.ring()

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
        if self.stopping:  # too late for stop() to see it
            self.release(batch.empty())
        return batch

    def join_slow_batch(self) -> Batch | None:
        """Return another runner's batch that is late and has items left."""
        late = monotonic() - _TARGET
        with self._condition:
            for batch in self.batches.values():
                if batch.todo and batch.taken_at < late:
                    batch.shared = True
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

    def timeout(self, handler: Handler) -> float:
        """Return the seconds that a handler may take for one item."""
        return self.settings.item_timeout if handler.timeout is None else handler.timeout

    def _watch(self) -> None:
        link = self.open_link("watchdog")
        while self.batches or not self.stopping:
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
                        self._extend(link, batch)
            except Exception as error:
                logger.exception("watchdog failed", extra={"fields": {"error": error}})
        link.close()

    def _give_up(self, item: Item, runner: Runner) -> None:
        # A thread cannot be killed. Its item is failed, which fences off the late result; another
        # runner inherits its books; the thread ends when its handler returns, if ever.
        error = f"TimeoutError: no answer in {self.timeout(self.handlers[item.event_type]):g} s"
        note(logging.ERROR, "handler hangs", id=item.id, event_type=item.event_type, error=error)
        heir = Runner(self)
        heir.batch, heir.done = runner.batch, runner.done
        heir.failed = [*runner.failed, Failure(item, error, "TimeoutError")]
        with self._condition:
            self.stuck += 1
            self._runners.discard(runner)
            self._runners.add(heir)
        if self.overrun:
            note(logging.ERROR, "too many handlers hang", event_types=",".join(self.event_types))
            self.release([x for batch in list(self.batches.values()) for x in batch.empty()])
        heir.start()
        self.bell.ring()
        runner.link.cancel()

    def _extend(self, link: Link, batch: Batch) -> None:
        settings = self.settings
        batch.extended_at = monotonic()
        try:
            link.call(_EXTEND, [batch.token, settings.worker_id, settings.lock_timeout])
        except psycopg.Error as error:
            if error.sqlstate != "PB001":
                raise
            if dropped := batch.empty():
                note(logging.WARNING, "lease lost", items=len(dropped), error=error)

    # The end

    def halt(self) -> None:
        """Take no more items, and release those that nobody has begun."""
        with self._condition:
            self.stopping = True
            self._condition.notify_all()
        self.release([item for batch in list(self.batches.values()) for item in batch.empty()])

    def finish(self, end: float, hurry: Callable[[], bool]) -> None:
        """Give running items until `end`, unless in a hurry; then release them."""
        while self._runners and monotonic() < end and not hurry():
            sleep(0.02)
        self.release([x for x in list(self.running) if self.running.pop(x, None) is not None])
        with self._condition:
            self.batches.clear()  # nothing of them is held any more, whenever their runners end

    def release(self, items: list[Item]) -> None:
        """Put items back into the queue, no attempt counted."""
        if not items:
            return
        link = self.open_link("release")
        try:
            rows = link.call(_RELEASE, _keys(items))
            note(logging.INFO, "released", items=len(rows))
        except psycopg.Error as error:
            note(logging.ERROR, "release failed", items=len(items), error=error)
        finally:
            link.close()


class Runner(threading.Thread):
    """A thread that acquires items, calls their handlers and reports the outcomes."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(daemon=True)  # a stuck handler must not keep the process alive
        self.pool, self.link = pool, pool.open_link("runner")
        self.batch: Batch | None = None
        self.done: list[Item] = []
        self.failed: list[Failure] = []
        self.lent = pool.lend()
        self.copiers: list[backfill.Copier | backfill.Stepper] = []
        self.plans = {name: self._plan(found) for name, found in pool.handlers.items()}

    def _plan(self, handler: Handler) -> tuple[Callable[[Item], object], float]:
        """Return what to call, and for how long."""
        call = handler.call
        if handler.pipeline is not None:
            call = partial(self._fetch, handler)
        elif handler.hook is not None:
            call = partial(self._deliver, handler)
        elif handler.writer:
            copier = backfill.made(handler, self.link, self.pool.lend(), describe_failure)
            self.copiers.append(copier)
            call = partial(self._copy, copier)
        elif handler.transactional:
            call = partial(self._transact, handler)
        return call, self.pool.timeout(handler)

    def run(self) -> None:
        """Work until the pool stops."""
        try:
            while self._step():
                pass
        finally:
            self.pool.end(self)
            self.link.close()
            self.lent.close()
            self._leave_destinations()

    def _leave_destinations(self) -> None:
        for copier in self.copiers:
            copier.close()

    def _step(self) -> bool:
        pool = self.pool
        try:
            if self.batch is None and not pool.stopping and not pool.overrun:
                self.batch = pool.join_slow_batch() or self._acquire(None)
            if self.batch is None:
                self._leave_destinations()
                return not pool.stopping and pool.rest()
            if not self._run_items(self.batch):
                return False
            self.batch = self._report_all(self.batch)
        except Exception as error:
            # What was not reported comes back when its lease ends. A new connection forgets
            # prepared statements, which an upgrade of the schema may have made useless.
            self.link.close()
            logger.exception("runner failed", extra={"fields": {"error": error}})
            if self.batch is not None:
                self.batch.empty()
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
        todo, running, plans = batch.todo, self.pool.running, self.plans
        started = reported = now = monotonic()
        count = 0
        while todo:
            try:
                item = todo.popleft()
            except IndexError:  # a helper took the last one
                break
            call, timeout = plans[item.event_type]
            running[item] = (now + timeout, self)
            answer = failure = None
            try:
                answer = call(item)
            except BaseException as error:
                failure = describe_failure(item, error)
            if running.pop(item, None) is None:
                note(logging.WARNING, "late result dropped", id=item.id, event_type=item.event_type)
                return False
            count += 1
            now = monotonic()
            if failure is not None:
                self.failed.append(failure)
            elif answer is not _REPORTED:
                self.done.append(item)
            if now - reported > _REPORT:
                self._report()
                reported = now
        if count:
            self.pool.learn(now - started, count)
        return True

    def _report_all(self, batch: Batch) -> Batch | None:
        """Report a finished batch and, when possible, acquire the next one in the same call."""
        following = None
        # Completing by token covers every item still under it, so they must all be done here.
        if self.done and not batch.shared and not self.pool.stopping:
            self._report_failures()
            try:
                following = self._acquire(batch.token)
                self.pool.count(done=len(self.done))
            except psycopg.Error as error:
                if error.sqlstate != "PB001":
                    raise
                note(logging.WARNING, "stale results dropped", ids=[i.id for i in self.done])
            self.done = []
        else:
            self._report()
        self.pool.leave(batch)
        return following

    def _report(self) -> None:
        self._report_failures()
        done, self.done = self.done, []
        if done:
            stale = self.link.call(_COMPLETE, _keys(done))
            self.pool.count(done=len(done) - len(stale))
            if stale:
                note(logging.WARNING, "stale results dropped", ids=[row[0] for row in stale])

    def _report_failures(self) -> None:
        failed, self.failed = self.failed, []
        if not failed:
            return
        items, *columns = map(list, zip(*failed, strict=True))
        rows = self.link.call(_FAIL, [*_keys(items), *columns])
        self.pool.count(failed=len(failed))
        for (item, error, code, _), (_, outcome, run_at) in zip(failed, rows, strict=True):
            note(
                logging.WARNING, "item failed", id=item.id, event_type=item.event_type, code=code,
                error=error, outcome=outcome, run_at=run_at,
            )  # fmt: skip

    def _transact(self, handler: Handler, item: Item) -> object:
        connection = self.link.connect()
        with connection.transaction():
            handler.call(item, connection)
            connection.execute(_COMPLETE_OR_RAISE, _keys([item]))
        self.pool.count(done=1)
        return _REPORTED

    def _deliver(self, handler: Handler, item: Item) -> object:
        acked = deliver(handler, item, self.link, self.lent, self.pool.settings.worker_id)
        self.pool.count(done=acked)
        return _REPORTED if acked else None

    def _copy(self, copier: Callable[[Item], bool], item: Item) -> object:
        well = copier(item)
        self.pool.count(done=well, failed=not well)
        return _REPORTED

    def _fetch(self, handler: Handler, item: Item) -> object:
        page = handler.call(item)
        if isinstance(page, Mapping):
            page = Page(page)
        if not isinstance(page, Page):
            raise PermanentError(f"the fetcher returned {type(page).__name__}, not a Page")
        connection, pipeline = self.link.connect(), handler.pipeline
        with connection.transaction():
            for table, rows in page.tables.items():
                values = [pipeline, table, _json(list(rows)), item.id, item.lock_token]
                connection.execute(_STAGE, values)
            cursor = connection.execute(_STAGED, [pipeline, item.id, item.lock_token])
            outcome = cursor.fetchall()[0][0]
            for request in page.next:
                shared = [item.correlation_id, item.priority, item.channel_name]
                values = [pipeline, _json(request), *shared, _page_key(item, request)]
                connection.execute(_NEXT_PAGE, values)
        if outcome == "staged":
            self.pool.count(done=1)
            self.pool.bell.staged.set()
        else:
            self.pool.count(failed=1)
            note(logging.WARNING, "malformed page", id=item.id, pipeline=pipeline, outcome=outcome)
        return _REPORTED


def describe_failure(item: Item, error: BaseException) -> Failure:
    """Say what the database should know of an exception."""
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


def _keys(items: list[Item]) -> list[list[int]]:
    return [[item.id for item in items], [item.lock_token for item in items]]


def _page_key(item: Item, request: object) -> str | None:
    """Name a following page, so that a page that is fetched again does not start a second chain."""
    if request == item.event_data:
        return None  # it asks for itself again, and is still there
    text = json.dumps([item.correlation_id, request], sort_keys=True, default=str)
    return "page " + hashlib.sha256(text.encode()).hexdigest()[:32]


def _json(value: object) -> Jsonb:
    # Dates, decimals and UUIDs become the text that PostgreSQL reads them from.
    return Jsonb(value, dumps=partial(json.dumps, default=str))
