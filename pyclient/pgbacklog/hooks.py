"""Functions that are called when data was committed or could not be written.

A hook is a handler of the event type hook.<name>. What is delivered to it is a retry item, so a
delivery is leased, retried and redriven as every other item is. It may arrive twice: after a crash
between the hook's effect and its ack, and when it is replayed. `param.ctx.idempotency_key` is the
same each time.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeVar

import psycopg

from pgbacklog.connections import Lent
from pgbacklog.link import Link
from pgbacklog.logs import logger, note, redacted
from pgbacklog.registry import HOOK, Handler, Item, marking

_Function = TypeVar("_Function", bound=Callable[..., object])
Record = dict[str, Any]

_REGISTER = """select backlog.register_hook(
  p_name => %s, p_kind => %s, p_pipelines => %s, p_mode => %s, p_payload => %s,
  p_transactional => %s, p_order_key => %s, p_timeout_seconds => %s, p_concurrency => %s,
  p_max_retries => %s, p_start => %s)"""
_COMPLETE = "select backlog.complete_retry_item(%s, %s, %s)"
_COMPLETE_TURN = "select backlog.complete_hook_turn(%s, %s, %s)"
_RUN_SQL = "select backlog.run_sql_hook(%s, %s)"
_SLACK = 5  # seconds after which the watchdog cancels a statement that overruns its own time-out
_FACTS = ("hook", "kind", "event_id", "idempotency_key", "pipeline", "table", "record_count",
          "part", "parts", "source", "replay", "metadata")  # fmt: skip
_PAUSE = "select backlog.pause_pipeline(%s, %s)"


@dataclass(frozen=True, slots=True)
class Hook:
    """How a hook is to be called; see what marks it for the fields."""

    name: str
    kind: str = "checkpoint"
    pipelines: Sequence[str] | None = None
    mode: str = "bulk"
    payload: str = "records"
    order_key: str | None = None
    concurrency: int | None = None
    max_retries: int | None = None
    start: str = "now"
    in_sql: bool = False  # registered in the database, and run there


@dataclass(frozen=True, slots=True)
class Context:
    """Where a delivery comes from.

    `attempt` counts the deliveries of this event to this hook, from 1; `replay` is the number of
    the replay that asked for it, if one did. `created_at` is when the event was written. A commit
    of many records comes as several events: `part` 1 to `parts`, `record_count` records in this
    one. `source` is user, load, quarantine, dead_letter or backfill.
    """

    hook: str
    kind: str
    event_id: int
    idempotency_key: str
    pipeline: str | None = None
    table: str | None = None
    attempt: int = 1
    correlation_id: str | None = None
    created_at: datetime | None = None
    record_count: int = 0
    part: int = 1
    parts: int = 1
    source: str = "user"
    replay: int | None = None
    metadata: Any = None

    @property
    def name(self) -> str | None:
        """The pipeline's name."""
        return self.pipeline


class HookLogger(logging.LoggerAdapter[logging.Logger]):
    """A standard logger that adds hook, pipeline and event_id, and strikes out secrets."""

    def __init__(self, ctx: Context) -> None:
        facts = {"hook": ctx.hook, "pipeline": ctx.pipeline, "event_id": ctx.event_id}
        super().__init__(logger.getChild("hook"), {"fields": facts})

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        """Log one message."""
        if self.isEnabledFor(level):
            super().log(level, redacted(str(msg) % args if args else str(msg)), **kwargs)

    def process(
        self, msg: Any, kwargs: MutableMapping[str, Any]
    ) -> tuple[Any, MutableMapping[str, Any]]:
        """Add the facts to whatever `extra` the caller gives."""
        return msg, {**kwargs, "extra": {**(self.extra or {}), **(kwargs.get("extra") or {})}}


@dataclass(frozen=True, slots=True)
class HookParam:
    """What every hook is given.

    `records` are those that were committed, or failed: dictionaries as they were saved, plus
    `_source_table` and `_destination_table` where these are known. Empty with payload="none".
    `auxiliary_db` are connections by the names of pgbacklog.toml. All connections are real ones of
    their drivers. Each is opened when first asked for and raises AuxiliaryUnavailable if it cannot
    be; it is committed when the hook returns and rolled back when it raises, and must not be
    closed by the hook.
    """

    ctx: Context
    records: list[Record]
    auxiliary_db: Mapping[str, Any] = field(default_factory=dict)
    lend_source: Callable[[], Any] | None = field(default=None, repr=False)
    lend_destination: Callable[[], Any] | None = field(default=None, repr=False)
    own_connection: psycopg.Connection[Any] | None = field(default=None, repr=False)
    logger: HookLogger = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "logger", HookLogger(self.ctx))

    @property
    def record(self) -> Record:
        """The only record; raises LookupError if there are several or none."""
        if len(self.records) != 1:
            raise LookupError(
                f"{len(self.records)} records were delivered to hook {self.ctx.hook}, not one: "
                'use param.records, or mode="individual"'
            )
        return self.records[0]

    @property
    def source_db(self) -> Any:
        """The pipeline's source; raises LookupError if pgbacklog.toml names none."""
        return _lent(self.lend_source, "source_db")

    @property
    def destination_db(self) -> Any:
        """The pipeline's destination; this database unless pgbacklog.toml names another."""
        return _lent(self.lend_destination, "destination_db")

    @property
    def connection(self) -> psycopg.Connection[Any]:
        """The connection of the ack; raises LookupError unless the hook is transactional."""
        if self.own_connection is None:
            raise LookupError(f"hook {self.ctx.hook} is not transactional: it has no connection")
        return self.own_connection


class CheckpointParam(HookParam):
    """What a checkpoint hook is given: records that were committed."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class BacklogParam(HookParam):
    """What a backlog or alert hook is given: records that could not be written, and why.

    `error_code` is an SQLSTATE, an HTTP status or the name of an error; `failed_attempt` counts the
    attempts to write, from 1. In bulk, `details` has for each record, in order, its `incident_id`,
    `error`, `error_code` and `constraint`, and what differs between them is None here.
    """

    error: str | None = None
    error_code: str | None = None
    constraint: str | None = None
    incident_id: int | None = None
    failed_attempt: int = 1
    details: list[Record] = field(default_factory=list)


class Stop(NamedTuple):
    """A hook's answer that pauses the pipeline."""

    reason: str


def stop(reason: str) -> Stop:
    """Return this from a hook to pause the pipeline, in the transaction of the ack."""
    return Stop(reason)


class _Decorator:
    """What marks functions as hooks for one kind of event."""

    def __init__(self, kind: str, mode: str) -> None:
        self.kind, self.mode = kind, mode

    def __call__(
        self, pipeline: str | Sequence[str] | None = None, *,
        mode: Literal["bulk", "individual"] | None = None, name: str | None = None,
        payload: Literal["records", "keys", "none"] = "records", transactional: bool = False,
        order_key: str | None = None, timeout: float | None = None,
        concurrency: int | None = None, max_retries: int | None = None,
        start: Literal["now", "beginning"] = "now",
    ) -> Callable[[_Function], _Function]:  # fmt: skip
        """Mark a function as a hook: `def audit(param): ...`.

        `pipeline` is one, several or, as None, all. Bulk: one call per event; individual: one per
        record. The name, by default the function's, identifies the hook: it may be redefined, and
        what waits for it is kept. After `timeout` seconds a call counts as failed. At most
        `concurrency` calls run at once, all listeners together; without it there is no limit, and
        two in each listener. `max_retries` failed attempts make a dead letter. Records with the
        same value in the field `order_key` are delivered one after the other, as they were
        committed. What a transactional hook writes on `param.connection` commits together with
        its ack, or not at all. A new hook starts with the next event, or at the beginning of what
        is kept. To pause the pipeline, return stop(reason), or "stop".
        """

        if callable(pipeline):
            raise TypeError("write @checkpoint(), with parentheses, before the function")
        pipelines = [pipeline] if isinstance(pipeline, str) else pipeline and list(pipeline)

        def make(function: _Function) -> list[Handler]:
            hook = Hook(
                name or function.__name__, self.kind, pipelines,
                mode or self.mode, payload, order_key, concurrency, max_retries, start,
            )  # fmt: skip
            return [Handler(HOOK + hook.name, function, timeout, transactional, hook=hook)]

        return marking(make)


checkpoint = _Decorator("checkpoint", "bulk")  # for records that were committed
backlog = _Decorator("incident", "individual")  # for records that could not be written
alert = _Decorator("alert", "individual")  # for those of them that a critical rule matches


def register(link: Link, handler: Handler) -> None:
    """Tell the database of a hook, or of its changed definition."""
    hook = handler.hook
    assert hook is not None
    seconds = handler.timeout and math.ceil(handler.timeout)
    link.call(_REGISTER, [
        hook.name, hook.kind, hook.pipelines, hook.mode, hook.payload, handler.transactional,
        hook.order_key, seconds, hook.concurrency, hook.max_retries, hook.start,
    ])  # fmt: skip


def make_param(
    item: Item, lent: Lent, connection: psycopg.Connection[Any] | None
) -> CheckpointParam | BacklogParam:
    """Return what a hook is given for a delivery."""
    event = item.event_data
    ctx = Context(
        **{key: event[key] for key in _FACTS if event.get(key) is not None},
        attempt=item.retry_count + 1, correlation_id=item.correlation_id,
        created_at=datetime.fromisoformat(event["created_at"]),
    )  # fmt: skip
    records = [event["record"]] if "record" in event else event.get("records") or []
    tables = {"_source_table": (ctx.metadata or {}).get("source_table"),
              "_destination_table": ctx.table}
    known = {key: value for key, value in tables.items() if value is not None}
    records = [known | record if isinstance(record, dict) else record for record in records]
    pipeline = ctx.pipeline
    shared = (ctx, records, lent.auxiliary(pipeline), lambda: lent.source(pipeline),
              lambda: lent.destination(pipeline), connection)
    if ctx.kind == "checkpoint":
        return CheckpointParam(*shared)
    return BacklogParam(
        *shared, event.get("error"), event.get("error_code"), event.get("constraint"),
        event.get("incident_id"), event.get("attempt") or 1, event.get("details") or [],
    )  # fmt: skip


def call(
    handler: Handler, item: Item, lent: Lent, connection: psycopg.Connection[Any] | None = None
) -> Stop | None:
    """Call a hook for a delivery, and settle the connections that it used."""
    param = make_param(item, lent, connection)
    try:
        answer = handler.call(param)
    except BaseException as error:
        lent.finish(error)
        raise
    lent.finish()
    if isinstance(answer, Stop):
        return answer
    if isinstance(answer, str) and (found := re.fullmatch(r"stop(?::\s*(.*))?", answer, re.S)):
        return Stop(found[1] or "asked to stop")
    if answer is not None:
        note(logging.WARNING, "answer ignored", hook=param.ctx.hook, type=type(answer).__name__)
    return None


def sql_hook(name: str, timeout: float, concurrency: int | None) -> Handler:
    """Return the handler of an SQL hook: the database runs it under a statement time-out."""
    hook = Hook(name, concurrency=concurrency, in_sql=True)
    return Handler(HOOK + name, _run_sql, timeout + _SLACK, hook=hook)


def _run_sql(handler: Handler, item: Item, connection: psycopg.Connection[Any]) -> None:
    assert handler.timeout is not None
    milliseconds = str(int((handler.timeout - _SLACK) * 1000))
    with connection.transaction():
        connection.execute("select set_config('statement_timeout', %s, true)", [milliseconds])
        connection.execute(_RUN_SQL, [item.id, item.lock_token])


def deliver(handler: Handler, item: Item, link: Link, lent: Lent, worker_id: str) -> bool:
    """Call a hook for a delivery; True when that has acked it, False when the caller has to."""
    if handler.hook is not None and handler.hook.in_sql:
        _run_sql(handler, item, link.connect())
        return True
    if not handler.transactional:
        answer = call(handler, item, lent)
        if answer is None and not item.event_data.get("ordered"):
            return False
    connection = link.connect()
    with connection.transaction():
        if handler.transactional:
            answer = call(handler, item, lent, connection)
        if answer is not None:
            _pause(connection, item, answer)
        complete = _COMPLETE_TURN if item.event_data.get("ordered") else _COMPLETE
        connection.execute(complete, [item.id, worker_id, item.lock_token])
    return True


def _pause(connection: psycopg.Connection[Any], item: Item, answer: Stop) -> None:
    hook, pipeline = item.event_data["hook"], item.event_data["pipeline"]
    reason = redacted(f"hook {hook}: {answer.reason}")
    note(logging.WARNING, "pipeline paused", pipeline=pipeline, reason=reason)
    if pipeline is not None:  # a dead letter may belong to none
        connection.execute(_PAUSE, [pipeline, reason])


def _lent(lend: Callable[[], Any] | None, what: str) -> Any:
    if lend is None:
        raise LookupError(f"this param has no {what}")
    return lend()
