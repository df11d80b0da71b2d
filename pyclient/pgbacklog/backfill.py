"""Run chunks of backfills: read them here, have a writer bring them to their destination.

A chunk is a retry item of the event type backfill.<writer>. The database says what to read and
what may be done; the destination, if it has transactions, remembers what it took. So a crash
between the two commits neither loses nor doubles a row: the next attempt finds the receipt.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace
from itertools import chain
from time import monotonic, sleep
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from pgbacklog.connections import Lent
from pgbacklog.errors import BacklogError
from pgbacklog.link import Link, with_defaults
from pgbacklog.logs import note, redacted
from pgbacklog.registry import BACKFILL, Handler, Item, PermanentError, RetryLater
from pgbacklog.snapshots import SNAPSHOTS
from pgbacklog.writers.base import (
    Batch,
    Chunk,
    Column,
    Fenced,
    Job,
    Receipt,
    Record,
    Refused,
    Writer,
    halved,
)
from pgbacklog.writers.reading import Again, SnapshotGone, Source, Unreadable, plain, without

_BEGIN = "select backlog.begin_backfill_chunk(%s, %s)"
_COMPLETE = "select backlog.complete_backfill_chunk(%s, %s, %s, %s)"
_FAIL = "select backlog.fail_backfill_chunk(%s, %s, %s, %s, %s)"
_SPLIT = "select backlog.split_backfill_chunk(%s, %s)"
_STOP = "select backlog.backfill_chunk_stop(%s, %s)"
_RELEASE = "select id from backlog.release_retry_items(array[%s::bigint], array[%s::bigint])"
_ASK = 2.0  # seconds between two questions whether a chunk shall go on
# Not worth a wait for the disk: rows and checkpoint are one transaction; a crash takes back both.
STEP = (
    "select backlog.run_backfill_step(%s) "
    "where set_config('synchronous_commit', 'off', true) is not null"
)
_REST = 0.5  # seconds for a worker who is not wanted now
_TIMEOUT = "57014"
_GONE = 2  # seconds after which to look what became of a snapshot
_FENCED_OFF = 5  # seconds after which to look what became of an earlier attempt

Describe = Callable[[Item, BaseException], tuple[Item, str, str, int | None]]


def made(
    handler: Handler, link: Link, lent: Lent, describe: Describe
) -> Copier | Stepper:
    """Return what works on the chunks of a handler, for one thread."""
    if handler.event_type == BACKFILL + "sql":
        return Stepper(link)
    return Copier(handler, link, lent, describe)


def writer_of(handler: Handler, order: dict[str, Any], lent: Lent) -> tuple[Writer, Job]:
    """Return the writer of a run, not opened yet, and its job."""
    job = Job(
        order["run"], order["backfill_id"], order["pipeline"], order["table"],
        tuple(Column(**column) for column in order["columns"]), tuple(order["key"]),
        order["mode"], order["destination"], order["batch_rows"], lend=lent.get,
    )  # fmt: skip
    if "batch_bytes" in job.destination:
        job = _with_bytes(job)
    made = handler.call(job)
    if not isinstance(made, Writer):
        raise TypeError(f"{handler.event_type} got a {type(made).__name__}, no Writer")
    return made, job


def chunk_of(order: dict[str, Any]) -> Chunk:
    """Return the chunk of an order."""
    return Chunk(order["chunk_id"], order["fence"], order["replaces"])


class Left(Exception):  # noqa: N818 - an answer of the database
    """The backfill was paused or ended: leave the chunk."""


class TooMany(BacklogError):  # noqa: N818 - the condition's name
    """More rows of one chunk were refused than the settings allow."""

    default_sqlstate = "PB306"


class Stepper:
    """Have the database work on backfills whose destination is a table of its own."""

    def __init__(self, link: Link) -> None:
        self.link = link

    def __call__(self, item: Item) -> bool:
        """Work on the item's backfill until it ends, or others do."""
        self.link.call(_RELEASE, [item.id, item.lock_token])  # a step claims for itself
        while not self.link.stopping():
            ((done,),) = self.link.call(STEP, [item.event_data["backfill_id"]])
            if done["action"] == "wait":
                if "workers are busy" in done["reason"]:
                    sleep(_REST)
                    break
                sleep(done.get("wait_seconds") or 1)
            if not done["more"]:
                break
        return True

    def close(self) -> None:
        """Do nothing: there is no destination to let go of."""


class Copier:
    """Work on chunks of one kind of writer, for one thread."""

    def __init__(self, handler: Handler, link: Link, lent: Lent, describe: Describe) -> None:
        self.handler, self.link, self.lent, self.describe = handler, link, lent, describe
        self.source = Source(with_defaults(link.dsn, "backfill"))
        self._writers: dict[str, tuple[Writer, Job]] = {}

    def __call__(self, item: Item) -> bool:
        """Do what is to be done for one item; tell whether it went well. The database knows."""
        lease = [item.id, item.lock_token]
        try:
            order = self._begin(lease)
            if order["action"] == "run":
                self._copy_chunk(order, lease)
            elif order["action"] == "crowded":
                sleep(_REST)
            else:
                note(logging.INFO, "chunk not begun", id=item.id, **order)
        except Left as reason:
            note(logging.INFO, "chunk left", id=item.id, reason=reason)
            self.link.call(_RELEASE, lease)
        except psycopg.Error as error:
            if error.sqlstate == "PB001":
                note(logging.WARNING, "stale result dropped", id=item.id)
            elif error.sqlstate != _TIMEOUT or not self._split(item, error):
                return self._fail(item, error)
        except Refused as error:
            if order["on_error"] == "fail" or not (
                self._split(item, error) or self._refuse_alone(order, lease, error)
            ):
                return self._fail(item, error)
        except Fenced as error:
            return self._fail(item, RetryLater(_FENCED_OFF, str(error)))
        except SnapshotGone as error:
            return self._fail(item, RetryLater(_GONE, str(error)))  # the database decides, then
        except Exception as error:
            return self._fail(item, error)
        return True

    def close(self) -> None:
        """Let go of every destination."""
        for writer, _ in self._writers.values():
            _quietly(writer.close)
        self._writers.clear()
        self.lent.close()
        self.source.close()

    def _begin(self, lease: list[int]) -> dict[str, Any]:
        """Ask what is to be done; take the snapshot first where that is missing."""
        ((order,),) = self.link.call(_BEGIN, lease)
        if order["action"] == "hold":
            SNAPSHOTS.take(self.link, order, lease)
            ((order,),) = self.link.call(_BEGIN, lease)
            if order["action"] == "hold":
                raise SnapshotGone(order["reason"])
        return dict(order)

    def _copy_chunk(self, order: dict[str, Any], lease: list[int]) -> None:
        started = monotonic()
        chunk = chunk_of(order)
        try:
            writer, job = self._writer(order)
            receipt, known = self._bring(writer, job, order, lease)
            self.lent.finish()
        except BaseException as error:
            self._abandon(order["run"], error)
            raise
        self._complete(job, chunk, receipt, lease, known=known, seconds=monotonic() - started)

    def _bring(
        self, writer: Writer, job: Job, order: dict[str, Any], lease: list[int]
    ) -> tuple[Receipt, bool]:
        """Have a chunk in the destination; return its receipt, and whether it was there before."""
        chunk, query, as_text = chunk_of(order), order["query"], False
        unreadable: list[dict[str, Any]] = []
        while (receipt := writer.begin(chunk)) is None:
            receipt = _receipt(writer, order)
            for row in unreadable:
                receipt.read += 1
                refusal = Refused(row["error"], row["error_code"])
                _refuse(receipt, plain(row["record"]), refusal, order["max_refused"])
            try:
                self._copy(writer, job, order, lease, receipt, as_text)
            except Again:
                as_text = True
            except Unreadable as error:
                found = self._unreadable(order, error)
                if len(found) <= len(unreadable):
                    raise error.error from None
                order = {**order, "query": without(query, found)}
                unreadable = found
            else:
                writer.commit(chunk, receipt)
                return receipt, False
            writer.rollback()
        return receipt, True

    def _complete(
        self, job: Job, chunk: Chunk, receipt: Receipt, lease: list[int], **facts: Any
    ) -> None:
        counts = {"read": receipt.read, "written": receipt.written, "bytes": receipt.bytes}
        if receipt.snapshot is not None:
            counts["snapshot"] = receipt.snapshot
        ((state,),) = self.link.call(_COMPLETE, [*lease, Jsonb(counts), Jsonb(receipt.refused)])
        note(
            logging.INFO, "chunk copied", backfill=job.backfill_id, chunk=chunk.chunk_id, **counts,
            refused=len(receipt.refused), state=state["state"], **facts,
        )  # fmt: skip
        if state["state"] not in ("PENDING", "EXECUTING"):
            self.close()
            SNAPSHOTS.let_go(self.link.dsn, job.backfill_id)

    def _read(
        self, writer: Writer, job: Job, order: dict[str, Any], as_text: bool
    ) -> Generator[Batch]:
        snapshot = SNAPSHOTS.shared(self.link, order)
        return self.source.read(
            order["query"], job, writer.form, order["settings"], as_text, snapshot
        )

    def _unreadable(self, order: dict[str, Any], error: Unreadable) -> list[dict[str, Any]]:
        """Return the rows of a chunk that the query fails for."""
        if order["on_error"] == "fail":
            raise error.error from None
        snapshot = SNAPSHOTS.shared(self.link, order)
        return self.source.unreadable(order["unreadable"], order["settings"], snapshot)

    def _copy(
        self, writer: Writer, job: Job, order: dict[str, Any], lease: list[int],
        receipt: Receipt, as_text: bool,
    ) -> None:  # fmt: skip
        asked = monotonic()
        with closing(self._read(writer, job, order, as_text)) as batches:
            for batch in batches:
                self._put(writer.write, batch, receipt, order)
                receipt.read += len(batch)
                receipt.bytes += batch.nbytes
                if monotonic() - asked > _ASK:
                    asked = monotonic()
                    ((reason,),) = self.link.call(_STOP, lease)
                    if reason is not None:
                        raise Left(reason)
        with closing(self._gone(writer, job, order, as_text)) as batches:
            for batch in batches:
                self._put(writer.delete, batch, receipt, order)

    def _gone(
        self, writer: Writer, job: Job, order: dict[str, Any], as_text: bool
    ) -> Generator[Batch]:
        """Yield the keys of the rows that a repair deletes, because the source has them no more."""
        if order["gone"] is not None:
            columns = {column.name: column for column in job.columns}
            keys = replace(job, columns=[columns[name] for name in job.key])
            yield from self.source.read(
                order["gone"], keys, writer.form, order["settings"], as_text
            )

    def _put(
        self, put: Callable[[Batch], int | None], batch: Batch, receipt: Receipt,
        order: dict[str, Any],
    ) -> None:  # fmt: skip
        """Write or delete a batch; halve it until rows at fault are alone, and set these aside."""

        def take(part: Batch) -> None:
            written = put(part)
            receipt.written += len(part) if written is None else written

        if order["on_error"] == "fail":
            take(batch)
            return
        for row, error in halved(batch, take):
            _refuse(receipt, row.record(0), error, order["max_refused"])

    def _writer(self, order: dict[str, Any]) -> tuple[Writer, Job]:
        """Return the writer of a run, opened."""
        run = order["run"]
        if run not in self._writers:
            self.close()  # one run at a time: destinations may allow but one writer
            made, job = writer_of(self.handler, order, self.lent)
            self._writers[run] = (made, job)
            made.open()
        return self._writers[run]

    def _abandon(self, run: str, error: BaseException) -> None:
        writer, _ = self._writers.pop(run, (None, None))
        if writer is not None:
            # Whatever state it is in now, the next chunk gets a fresh one.
            _quietly(writer.rollback)
            _quietly(writer.close)
        try:
            self.lent.finish(error)
        except BaseException as raised:
            if raised is not error:
                raise  # the database is to blame, says its connection

    def _split(self, item: Item, error: BaseException) -> bool:
        ((split,),) = self.link.call(_SPLIT, [item.id, item.lock_token])
        if split:
            note(logging.WARNING, "chunk halved", id=item.id, error=str(error))
        return bool(split)

    def _refuse_alone(self, order: dict[str, Any], lease: list[int], error: Refused) -> bool:
        """Refuse the only row of a chunk; False if it has more, or none."""
        try:
            writer, job = self._writer(order)
            chunk = chunk_of(order)
            receipt = writer.begin(chunk)
            if receipt is None:
                receipt = _receipt(writer, order)
                for batch in chain(
                    self._read(writer, job, order, as_text=True),
                    self._gone(writer, job, order, as_text=True),
                ):
                    receipt.read += len(batch)
                    if receipt.read > 1:
                        writer.rollback()
                        return False
                    _refuse(receipt, batch.record(0), error, order["max_refused"])
                writer.commit(chunk, receipt)
            self.lent.finish()
        except Unreadable as failure:
            self._abandon(order["run"], failure)
            return False
        except BaseException as failure:
            self._abandon(order["run"], failure)
            raise
        self._complete(job, chunk, receipt, lease)
        return True

    def _fail(self, item: Item, error: BaseException) -> bool:
        _, text, code, after = self.describe(item, error)
        try:
            ((outcome,),) = self.link.call(_FAIL, [item.id, item.lock_token, text, code, after])
        except psycopg.Error as refusal:
            if refusal.sqlstate != "PB001":
                raise
            outcome = "stale"
        level = logging.INFO if isinstance(error, RetryLater) else logging.WARNING
        note(level, "chunk failed", id=item.id, code=code, error=text, outcome=outcome)
        return False


def _receipt(writer: Writer, order: dict[str, Any]) -> Receipt:
    """Return the receipt of a chunk of which the destination has none."""
    number = order["snapshot"]["number"] if "snapshot" in order else None
    if number is not None and number > 1 and type(writer).begin is Writer.begin:
        raise PermanentError(
            "an earlier snapshot was lost, and this writer cannot tell whether rows of it have "
            "arrived: create a new backfill"
        )
    return Receipt(snapshot=number)


def _refuse(receipt: Receipt, record: Record, error: Refused, most: int) -> None:
    receipt.refused.append({
        "record": record, "error": redacted(str(error)), "error_code": error.code,
        "constraint": error.constraint,
    })  # fmt: skip
    if len(receipt.refused) > most:
        raise TooMany(
            f"more than {most} rows of one chunk were refused; the last: {redacted(str(error))}",
            "Cure the cause, or raise the setting backfill_max_refused_rows.",
        )


def _with_bytes(job: Job) -> Job:
    given = job.destination["batch_bytes"]
    if not isinstance(given, int) or given < 1 << 16:
        raise ValueError(f"batch_bytes must be at least 65536, not {plain(given)}")
    return replace(job, batch_bytes=given)


def _quietly(call: Callable[[], object]) -> None:
    """Call what may fail because the destination is gone; say so, and go on."""
    try:
        call()
    except Exception as error:  # of every driver's own class
        note(logging.WARNING, "writer not closed well", error=redacted(repr(error)))
