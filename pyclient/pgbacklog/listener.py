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
from time import monotonic, sleep
from types import FrameType

import psycopg
from psycopg import sql

from pgbacklog.link import Link
from pgbacklog.logs import note
from pgbacklog.registry import Registry
from pgbacklog.worker import Pool, Settings

EXIT_STUCK = 6

_CHANNEL = "backlog_work"
_PROBE_SECONDS = 2.0
_BLIND_POLL = 1.0  # seconds between polls when notifications do not arrive
_BUSY_PAUSE = 0.05  # seconds a busy pool gets to find new work by itself
_TICK = 60.0
_GATHER = 0.2  # seconds in which more pages may join a load
_RETRY_LOAD = 10.0


class Listener:
    """One process that works on the items its handlers know, until told to stop."""

    def __init__(self, dsn: str, registry: Registry, settings: Settings) -> None:
        self.dsn, self.registry, self.settings = dsn, registry, settings
        self.stops = 0
        self.deaf = False  # a proxy swallows notifications: poll instead
        self.link = self.open_link("listener")
        self._flagged = False  # announced as idle
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
        self.pool = Pool(self.registry, settings, self.open_link)
        note(
            logging.INFO, "listening", worker_id=settings.worker_id,
            event_types=",".join(self.pool.event_types), threads=settings.threads,
            batch_size=settings.batch_size, notifications="no" if self.deaf else "yes",
        )  # fmt: skip
        self.house_link = self.open_link("housekeeper")
        if not until_idle:
            threading.Thread(target=self._keep_house, daemon=True, name="housekeeper").start()
        self.pool.wake()
        try:
            while not self.stops and self.pool.stuck <= settings.threads:
                try:
                    if not until_idle:
                        self._wait()
                    elif not self.pool.quiet():
                        self._ready(1.0)
                    elif self._load_pipelines():
                        self.pool.wake()
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
        if hasattr(self, "pool"):
            self.pool.ring()

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

    def _wait(self) -> None:
        """Sleep until there may be work, then let a runner look for it."""
        pool = self.pool
        if not pool.has_idle():
            if self._flagged:
                self._sign_off()
            self._ready(self.settings.poll_interval, hear=False)
            return
        # Busy runners look for work themselves when they finish; only when that takes long is it
        # worth asking producers for a notification.
        if not pool.quiet() and self._ready(_BUSY_PAUSE):
            return
        pause: float = min(_BLIND_POLL, self.settings.poll_interval)
        if not self.deaf:
            poll = math.ceil(self.settings.poll_interval)
            answer = self.link.connect().execute(
                "select backlog.announce_idle(%s, %s, %s)",
                [self.settings.worker_id, pool.event_types, poll],
            )
            pause, self._flagged = float(answer.fetchall()[0][0]), True
        if pause <= 0:
            self._in_vain = self._in_vain + 1 if self._last_look == pool.batches_taken else 0
            self._last_look = pool.batches_taken
            if self._in_vain > 1:  # what waits cannot be claimed now: do not ask in a spin
                pause = min(self.settings.poll_interval, 0.05 * self._in_vain)
        if pause <= 0 or not self._ready(pause):
            pool.wake()

    def _ready(self, seconds: float, hear: bool = True) -> bool:
        """Sleep; True when the bell rang, False after the time-out or a notification."""
        connection = self.link.connect()
        sources = [self.pool.bell, connection.fileno()] if hear else [self.pool.bell]
        if hear and not self.deaf and any(True for _ in connection.notifies(timeout=0)):
            return False
        found, _, _ = select.select(sources, [], [], seconds)
        if connection.fileno() in found:
            # Reading also finds out that the connection is gone.
            list(connection.notifies(timeout=0))
            return False
        if found:
            os.read(self.pool.bell, 4096)
        return bool(found)

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
        self.pool.wake()

    def _leave(self) -> int:
        stuck = self.pool.stuck
        code = EXIT_STUCK if stuck > self.settings.threads else 0
        note(logging.INFO, "stopping", running=len(self.pool.running), stuck=stuck)
        self.stops = max(self.stops, 1)
        self.pool.stop(hurry=lambda: self.stops > 1)
        try:
            self._sign_off()
        except psycopg.Error as error:
            note(logging.DEBUG, "not signed off", error=error)
        self.link.close()
        note(logging.INFO, "stopped", done=self.pool.done, failed=self.pool.failed, exit_code=code)
        return code

    # Housekeeping

    def _keep_house(self) -> None:
        """Load what fetchers have staged, and call tick() about once a minute."""
        while not self.stops:
            try:
                self._load_pipelines()
                if monotonic() > self._next_tick:
                    self._next_tick = monotonic() + _TICK
                    (facts,) = self.house_link.call("select backlog.tick()")[0]
                    pool = self.pool
                    note(logging.INFO, "progress", done=pool.done, failed=pool.failed, tick=facts)
            except Exception as error:  # whatever it is, loads must go on
                sqlstate = getattr(error, "sqlstate", None)
                note(logging.ERROR, "housekeeping failed", sqlstate=sqlstate, error=repr(error))
            if self.pool.staged.wait(self.settings.poll_interval):
                sleep(_GATHER)
                self.pool.staged.clear()

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
