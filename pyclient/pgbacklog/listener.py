"""Listen for work and keep a pool of runners on it; load staged pages; keep house.

A notification is a hint and the tables are the truth: the queue is drained after every LISTEN,
after every reconnect and at every poll interval. Producers notify only while somebody is announced
as idle, so the announcement comes before the last look, and the look before the sleep.
"""

from __future__ import annotations

import logging
import math
import os
import random
import secrets
import select
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from time import monotonic, sleep
from types import FrameType
from typing import Any

import psycopg
from psycopg import sql

from pgbacklog.connections import Connections, Lent
from pgbacklog.hooks import register, sql_hook
from pgbacklog.link import Link
from pgbacklog.logs import note
from pgbacklog.registry import HOOK, Handler, Registry
from pgbacklog.snapshots import SNAPSHOTS
from pgbacklog.worker import Bell, Pool, Settings

EXIT_STUCK = 6

_CHANNEL = "backlog_work"
_PROBE_SECONDS = 2.0
_BLIND_POLL = 1.0  # seconds between polls when notifications do not arrive
_BUSY_PAUSE = 0.05  # seconds a busy pool gets to find new work by itself
_OFTEN = 8  # notifications within a tenth of a second, after which it is cheaper not to be told
_UNASKED = 1.0  # seconds for which a listener then looks by itself,
_UNASKED_POLL = 0.01  # this often
_TICK = 60.0
_WRITER_THREADS = 4  # for each kind of destination; each holds a batch of rows
_HOOK_THREADS = 2  # for a hook that does not say
_SQL_HOOKS = "select name, timeout_seconds, concurrency from backlog.hooks " \
    "where language = 'sql' and enabled order by name"  # fmt: skip
_GATHER = 0.2  # seconds in which more pages may join a load
_RETRY_LOAD = 10.0


class Listener:
    """One process that works on the items its handlers know, until told to stop."""

    def __init__(
        self, dsn: str, registry: Registry, settings: Settings,
        connections: Connections = Connections(), sql_hooks: bool = True,  # noqa: B008 - constant
    ) -> None:  # fmt: skip
        self.dsn, self.registry, self.settings = dsn, registry, settings
        self.connections, self.sql_hooks = connections, sql_hooks
        self.bell = Bell()
        self.pools: list[Pool] = []  # those of its own hooks and handlers, and of SQL hooks
        self._sql_pools: dict[Handler, Pool] = {}
        self.stops = 0
        self.deaf = False  # a proxy swallows notifications: poll instead
        self.link = self.open_link("listener")
        self._flagged = False  # announced as idle
        self._asked_at = 0.0
        self._heard: deque[float] = deque(maxlen=_OFTEN)
        self._unasked_until = 0.0
        self._last_look, self._in_vain = -1, 0
        self._next_tick = monotonic() + random.uniform(0, _TICK)  # noqa: S311 - not all at once
        self._not_before: dict[str, float] = {}  # when a pipeline that failed is tried again

    def run(self, until_idle: bool = False) -> int:
        """Work until a signal comes, or until nothing is due; returns the exit code.

        Raises psycopg.Error when the database cannot be used at the start; later losses are
        waited out.
        """
        self._sign_off()
        self._test_notifications()
        self._listen()
        settings = self.settings
        self.pools = self._own_pools = list(self._make_pools())
        note(
            logging.INFO, "listening", worker_id=settings.worker_id,
            event_types=",".join(sorted(self.registry)), threads=settings.threads,
            batch_size=settings.batch_size, notifications="no" if self.deaf else "yes",
        )  # fmt: skip
        self.house_link = self.open_link("housekeeper")
        self._attend_sql_hooks()
        if not until_idle:
            threading.Thread(target=self._keep_house, daemon=True, name="housekeeper").start()
        self._wake(self.pools)
        try:
            while not self.stops and not self._hopeless():
                try:
                    if not until_idle:
                        self._wait()
                    elif not all(pool.quiet() for pool in self.pools):
                        self._ready(1.0)
                    elif self._load_pipelines() or self._took_more():
                        self._wake(self.pools)
                    elif SNAPSHOTS.held(self.dsn):  # to leave would take them from what waits
                        self._ready(1.0)
                        self._wake(self.pools)
                    else:
                        break
                except psycopg.Error as error:
                    if until_idle and not self.link.lost(error):
                        raise
                    self._recover(error)
        finally:
            code = self._leave()
        return code

    def stop(self) -> None:
        """Ask for a graceful stop; the second time, for a quick one. From any thread."""
        self.stops += 1
        self.bell.ring()

    def handle_signals(self) -> None:
        """Let SIGTERM and SIGINT stop this listener; only in the main thread."""

        def stop(number: int, frame: FrameType | None) -> None:
            if self.stops > 1:  # asked twice already, and still here
                os._exit(128 + number)
            self.stop()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)

    def open_link(self, name: str) -> Link:
        """Return a new connection of this listener, not yet opened."""
        full_name = f"{name} {self.settings.worker_id}"
        return Link(self.dsn, full_name, lambda: self.stops > 0, prepare=not self.deaf)

    def _make_pools(self) -> Iterator[Pool]:
        """Give every hook a pool of its own, so that none waits for another."""
        plain = {name: found for name, found in self.registry.items()
                 if found.hook is None and not found.writer}  # fmt: skip
        if plain:
            yield self._pool(plain, self.settings.threads)
        for name, found in self.registry.items():
            if found.hook is not None:
                register(self.link, found)
                yield self._pool({name: found}, _threads(found))
            elif found.writer:
                threads = min(self.settings.threads, _WRITER_THREADS)
                yield self._pool({name: found}, threads, batch_size=1)

    def _attend_sql_hooks(self) -> None:
        """Have a pool for every SQL hook of the database, and one for deliveries put off."""
        found: list[Handler] = []
        if self.sql_hooks:
            for name, timeout, concurrency in self.house_link.call(_SQL_HOOKS):
                if HOOK + name not in self.registry:
                    found.append(sql_hook(name, timeout or self.settings.item_timeout, concurrency))
        if found or any(each.hook is not None for each in self.registry.values()):
            found.append(sql_hook("expand", self.settings.item_timeout, None))
        gone = [self._sql_pools.pop(each) for each in list(self._sql_pools) if each not in found]
        new = {x: self._pool({x.event_type: x}, _threads(x)) for x in found
               if x not in self._sql_pools}  # fmt: skip
        if new or gone:
            self._sql_pools |= new
            self.pools = [*self._own_pools, *self._sql_pools.values()]
            note(logging.INFO, "hooks in SQL", event_types=",".join(x.event_type for x in found))
            self.bell.ring()
        for pool in gone:
            pool.halt()

    def _pool(self, handlers: Mapping[str, Handler], threads: int, **more: Any) -> Pool:
        settings = replace(self.settings, threads=threads, **more)
        lend = partial(Lent, self.connections, self.dsn)
        return Pool(handlers, settings, self.open_link, lend, self.bell)

    def _wake(self, pools: Iterable[Pool]) -> None:
        for pool in pools:
            pool.wake()

    def _hopeless(self) -> bool:
        """Tell whether so much hangs that only a new process helps; one hook alone is no reason."""
        overrun = [pool for pool in self._own_pools if pool.overrun]
        return any(pool.serves_handlers for pool in overrun) or overrun == self._own_pools

    def _counts(self) -> dict[str, int]:
        names = ("done", "failed", "stuck")
        return {name: sum(getattr(pool, name) for pool in self.pools) for name in names}

    def _took_more(self) -> bool:
        """Tell whether anything was acquired since the last time."""
        before, self._last_look = self._last_look, sum(pool.batches_taken for pool in self.pools)
        return before != self._last_look

    def _wait(self) -> None:
        """Sleep until there may be work, then let runners look for it."""
        able = [pool for pool in self.pools if pool.has_idle()]
        if not able:
            if self._flagged:
                self._sign_off()
            self._ready(self.settings.poll_interval, hear=False)
            return
        if monotonic() < self._unasked_until:
            self._look_unasked(able)
            return
        # Busy runners look for work themselves when they finish; only when that takes long is it
        # worth asking producers for a notification. One busy pool must not keep the others from it.
        busy = not all(pool.quiet() for pool in able)
        if busy and self._ready(_BUSY_PAUSE) and monotonic() - self._asked_at < _BLIND_POLL:
            return
        pause: float = min(_BLIND_POLL, self.settings.poll_interval)
        if not self.deaf:
            poll = math.ceil(self.settings.poll_interval)
            answer = self.link.connect().execute(
                "select backlog.announce_idle(%s, %s, %s)",
                [self.settings.worker_id, sorted(x for p in able for x in p.event_types), poll],
            )
            pause, self._flagged = float(answer.fetchall()[0][0]), True
        self._asked_at = monotonic()
        if pause <= 0:
            self._in_vain = 0 if self._took_more() else self._in_vain + 1
            if self._in_vain > 1:  # what waits cannot be claimed now: do not ask in a spin
                pause = min(self.settings.poll_interval, 0.05 * self._in_vain)
        if pause <= 0 or not self._ready(pause):
            self._wake(able)

    def _look_unasked(self, able: list[Pool]) -> None:
        """Look for work without being told: often where there was some, at times elsewhere."""
        if self._flagged:
            self._sign_off()
        for turn in range(5):
            taken = [pool.batches_taken for pool in able]
            sleep(_UNASKED_POLL)
            self._ready(0, hear=False)  # rings say nothing new
            for pool, before in zip(able, taken, strict=True):
                if turn == 4 or pool.batches_taken > before:
                    pool.wake()

    def _ready(self, seconds: float, hear: bool = True) -> bool:
        """Sleep; True when the bell rang, False after the time-out or a notification."""
        connection = self.link.connect()
        sources: list[Bell | int] = [self.bell, connection.fileno()] if hear else [self.bell]
        # All of them at once: each that is left would wake this listener once more.
        if hear and not self.deaf and list(connection.notifies(timeout=0)):
            self._note_wake()
            return False
        found, _, _ = select.select(sources, [], [], seconds)
        if connection.fileno() in found:
            # Reading also finds out that the connection is gone.
            list(connection.notifies(timeout=0))
            self._note_wake()
            return False
        if found:
            self.bell.hush()
        return bool(found)

    def _note_wake(self) -> None:
        """Stop asking for notifications while they come thick and fast: each costs its producer."""
        now = monotonic()
        self._heard.append(now)
        if len(self._heard) == _OFTEN and now - self._heard[0] < 0.1:
            self._heard.clear()
            self._unasked_until = now + _UNASKED

    # The listening connection

    def _sign_off(self) -> None:
        """Tell producers that they need not notify this listener."""
        self.link.connect().execute("select backlog.announce_busy(%s)", [self.settings.worker_id])
        self._flagged = False

    def _listen(self) -> None:
        if not self.deaf:
            self.link.connect().execute(sql.SQL("listen {}").format(sql.Identifier(_CHANNEL)))

    def _test_notifications(self) -> None:
        # Behind a proxy that pools transactions a LISTEN stays with some server connection that
        # others use: a notification sent from elsewhere never arrives.
        channel = sql.Identifier(f"backlog_probe_{secrets.token_hex(8)}")
        connection = self.link.connect()
        connection.execute(sql.SQL("listen {}").format(channel))
        other = self.open_link("probe")
        other.connect().execute(sql.SQL("notify {}").format(channel))
        other.close()
        self.deaf = not list(connection.notifies(timeout=_PROBE_SECONDS, stop_after=1))
        connection.execute(sql.SQL("unlisten {}").format(channel))
        if self.deaf:
            connection.prepare_threshold = None
            note(
                logging.WARNING, "notifications do not arrive; polling instead",
                hint="Connect to the server itself, or to a pooler in session mode.",
                poll_interval=min(_BLIND_POLL, self.settings.poll_interval),
            )  # fmt: skip

    def _recover(self, error: psycopg.Error) -> None:
        """Wait until the database can be used again, and look at everything that was missed."""
        if not self.link.lost(error):
            note(logging.ERROR, "database refused", sqlstate=error.sqlstate, error=error)
            self._ready(self.settings.poll_interval)
        while self.link.lost(error) and not self.stops:
            try:
                self.link.pause(error)
                self._listen()
                self.link.call("select 1")
            except psycopg.Error as again:
                error = again
            else:
                note(logging.INFO, "connected again")
                break
        self._wake(self.pools)

    def _leave(self) -> int:
        code = EXIT_STUCK if self._hopeless() else 0
        running = sum(len(pool.running) for pool in self.pools)
        note(logging.INFO, "stopping", running=running)
        self.stops = max(self.stops, 1)
        end = monotonic() + self.settings.grace
        for pool in self.pools:
            pool.halt()
        for pool in self.pools:
            pool.finish(end, hurry=lambda: self.stops > 1)
        try:
            self._sign_off()
        except psycopg.Error as error:
            note(logging.DEBUG, "not signed off", error=error)
        self.link.close()
        note(logging.INFO, "stopped", **self._counts(), exit_code=code)
        return code

    # Housekeeping

    def _keep_house(self) -> None:
        """Load what fetchers have staged, and call tick() about once a minute."""
        while not self.stops:
            try:
                self._load_pipelines()
                self._attend_sql_hooks()
                if monotonic() > self._next_tick:
                    self._next_tick = monotonic() + _TICK
                    (facts,) = self.house_link.call("select backlog.tick()")[0]
                    note(logging.INFO, "progress", **self._counts(), tick=facts)
            except Exception as error:  # whatever it is, loads must go on
                sqlstate = getattr(error, "sqlstate", None)
                note(logging.ERROR, "housekeeping failed", sqlstate=sqlstate, error=repr(error))
            if self.bell.staged.wait(self.settings.poll_interval):
                sleep(_GATHER)
                self.bell.staged.clear()

    def _load_pipelines(self) -> bool:
        """Load every pipeline worth loading; True when one was loaded."""
        loaded = False
        for name, reason in self.house_link.call("select * from backlog.pipelines_to_load()"):
            if monotonic() < self._not_before.get(name, 0):
                continue
            call = "select to_jsonb(r) from backlog.load_pipeline(%s) as r"
            try:
                (counts,) = self.house_link.call(call, [name])[0]
                level = logging.INFO if counts["outcome"] in ("loaded", "empty") else logging.ERROR
                note(level, "load", pipeline=name, because=reason, **counts)
                loaded = loaded or counts["outcome"] == "loaded"
            except psycopg.Error as error:
                if error.sqlstate != "PB103":  # busy: another listener is at it
                    self._not_before[name] = monotonic() + _RETRY_LOAD
                    facts = {"pipeline": name, "sqlstate": error.sqlstate, "error": error}
                    note(logging.ERROR, "load failed", retry_in=_RETRY_LOAD, **facts)
        return loaded


def _threads(handler: Handler) -> int:
    concurrency = handler.hook.concurrency if handler.hook else None
    return concurrency or _HOOK_THREADS
