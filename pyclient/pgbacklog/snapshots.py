"""Hold the snapshots in which all chunks of a backfill are read.

An exported snapshot lives as long as a transaction that has it. So every process that works on such
a backfill keeps one open, on a connection that does nothing else: the first one takes the snapshot,
the others import it and export it once more. It is lost when the last of them is gone, and with it
the chance to read the rest as of the same moment; the database then says so.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from pgbacklog.link import Link, with_defaults
from pgbacklog.logs import note
from pgbacklog.writers.reading import Shared, enter

_EXPORT = "select backlog.export_backfill_snapshot(%s, %s)"
_SHARE = "select backlog.share_backfill_snapshot(%s, %s, %s)"
_KEEP = "select backlog.keep_backfill_snapshot(%s, %s)"
_TAKEN = "PB303"
_LOOK = 2.0  # seconds between two questions whether a snapshot is still wanted


class Holder(threading.Thread):
    """A transaction that keeps a snapshot, and the thread that ends it when nobody wants it."""

    def __init__(self, link: Link, backfill_id: int, number: int, name: str | None = None) -> None:
        """Take a snapshot, or import the one of a name; raises psycopg.Error, SnapshotGone."""
        super().__init__(daemon=True, name=f"snapshot of backfill {backfill_id}")
        self.dsn, self.backfill_id = link.dsn, backfill_id
        self.users: set[Callable[[], bool]] = {link.stopping}
        self.over = threading.Event()
        self.conn = psycopg.connect(with_defaults(link.dsn, f"snapshot {backfill_id}"))
        try:
            self.conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            self.conn.read_only = True
            if name is not None:
                enter(self.conn, Shared(backfill_id, number, name))
            rows = self.conn.execute(_EXPORT, [backfill_id, number]).fetchall()
        except BaseException:
            self.conn.close()
            raise
        self.facts: dict[str, Any] = rows[0][0]
        self.shared = Shared(backfill_id, number, self.facts["name"])

    def run(self) -> None:
        """Look every few seconds; end with the backfill, with the listener, or with the session."""
        link = Link(self.dsn, f"keeper {self.backfill_id}", self._deserted, prepare=False)
        reason = "the backfill does not want it any more"
        try:
            while not self.over.wait(_LOOK):
                if self._deserted():
                    reason = "the listener stops"
                    break
                self.conn.execute("select 1")  # raises when the session is gone
                ((wanted,),) = link.call(_KEEP, [self.backfill_id, Jsonb(self.facts)])
                if not wanted:
                    break
        except psycopg.Error as error:
            reason = str(error)
        finally:
            self.over.set()
            self.conn.close()
            link.close()
        note(logging.INFO, "snapshot let go", backfill=self.backfill_id, reason=reason)

    def _deserted(self) -> bool:
        return all(stopping() for stopping in list(self.users))


class Snapshots:
    """The snapshots that this process holds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holders: dict[tuple[str, int, int], Holder] = {}

    def take(self, link: Link, order: Mapping[str, Any], lease: list[int]) -> None:
        """Take a snapshot for a backfill, and hold it unless another worker was quicker.

        Raises psycopg.Error when it cannot be taken, or the lease was lost.
        """
        with self._lock:
            try:
                holder = Holder(link, order["backfill_id"], order["number"])
            except psycopg.Error as error:
                if error.sqlstate != _TAKEN:
                    raise
                return
            chosen = False
            try:
                ((chosen,),) = link.call(_SHARE, [*lease, Jsonb(holder.facts)])
            finally:
                if not chosen:
                    holder.conn.close()
            if chosen:
                self._keep(holder, "snapshot taken")

    def shared(self, link: Link, order: Mapping[str, Any]) -> Shared | None:
        """Return the snapshot in which an order is to be read, held by this process; or none.

        Raises SnapshotGone when it cannot be imported, psycopg.Error when nothing can.
        """
        if (facts := order.get("snapshot")) is None:
            return None
        with self._lock:
            key = (link.dsn, order["backfill_id"], facts["number"])
            holder = self._holders.get(key)
            if holder is None or holder.over.is_set():
                holder = Holder(link, order["backfill_id"], facts["number"], facts["name"])
                self._keep(holder, "snapshot joined")
            holder.users.add(link.stopping)
            return holder.shared

    def held(self, dsn: str) -> bool:
        """Tell whether a snapshot is held for any backfill of a database."""
        with self._lock:
            return any(x[0] == dsn and not y.over.is_set() for x, y in self._holders.items())

    def let_go(self, dsn: str, backfill_id: int) -> None:
        """End at once what is held for a backfill that has ended."""
        with self._lock:
            for (held_dsn, held_id, _), holder in self._holders.items():
                if (held_dsn, held_id) == (dsn, backfill_id):
                    holder.over.set()

    def _keep(self, holder: Holder, event: str) -> None:
        backfill_id, number, name = holder.shared
        self._holders = {x: y for x, y in self._holders.items() if not y.over.is_set()}
        self._holders[holder.dsn, backfill_id, number] = holder
        pid = holder.facts["pid"]
        note(logging.INFO, event, backfill=backfill_id, number=number, name=name, pid=pid)
        holder.start()


SNAPSHOTS = Snapshots()
