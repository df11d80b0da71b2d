"""How hooks are marked, what they are given, and how they are tested without a database."""

from __future__ import annotations

import logging
import sqlite3
from datetime import UTC, datetime
from types import ModuleType
from uuid import uuid4

import pytest

from pgbacklog import (
    BacklogParam,
    CheckpointParam,
    Connections,
    Item,
    Registry,
    alert,
    backlog,
    checkpoint,
    handler,
    stop,
)
from pgbacklog.connections import Lent
from pgbacklog.errors import BacklogError
from pgbacklog.hooks import Stop, call, make_param
from pgbacklog.registry import Handler
from pgbacklog.testing import backlog_param, checkpoint_param


def registry(**functions) -> Registry:
    made = ModuleType("made")
    vars(made).update(functions)
    return Registry([made])


def delivery(**event) -> Item:
    """Return the item of a delivery, as the database makes them."""
    data = {
        "event_id": 7, "kind": "checkpoint", "pipeline": "orders", "table": "orders", "hook": "audit",
        "idempotency_key": "audit:7:*", "position": None, "record_count": 1, "part": 1, "parts": 1,
        "created_at": "2026-01-02T03:04:05.6+00:00", "error": None, "error_code": None,
        "constraint": None, "attempt": None, "incident_id": None, "details": None, "source": "load",
        "source_id": 3, "correlation_id": "c", "metadata": {"source_table": "api/orders"},
        "ordered": False, "replay": None,
    } | event  # fmt: skip
    return Item(
        id=1, event_type="hook.audit", event_data=data, retry_count=2, lock_token=1,
        event_id=uuid4(), channel_name="", plugin_name="", event_metadata=None, max_retries=3,
        priority=5, correlation_id="c", tags=None, created_at=datetime.now(UTC),
    )  # fmt: skip


def run(function, **event) -> Stop | None:
    """Call a hook as a listener does."""
    made = Handler("hook.audit", function)
    return call(made, delivery(**{"records": [{"id": 1}], **event}), Lent(Connections()))


def test_hooks_are_handlers_of_their_own_event_type() -> None:
    @checkpoint("orders", timeout=3, concurrency=4)
    def audit(param): ...

    @backlog(["a", "b"], name="rescue.all", mode="bulk", transactional=True)
    def rescue(param): ...

    @alert()
    def shout(param): ...

    found = registry(audit=audit, rescue=rescue, shout=shout)

    assert sorted(found) == ["hook.audit", "hook.rescue.all", "hook.shout"]
    hook = found["hook.audit"].hook
    assert (hook.kind, hook.pipelines, hook.mode, hook.concurrency) == ("checkpoint", ["orders"], "bulk", 4)
    assert found["hook.audit"].timeout == 3
    hook = found["hook.rescue.all"].hook
    assert (hook.kind, hook.pipelines, hook.mode) == ("incident", ["a", "b"], "bulk")
    assert found["hook.rescue.all"].transactional
    hook = found["hook.shout"].hook
    assert (hook.kind, hook.pipelines, hook.mode) == ("alert", None, "individual")


def test_names_of_hooks_are_their_own() -> None:
    @checkpoint(name="same")
    def first(param): ...

    @backlog(name="same")
    def second(param): ...

    with pytest.raises(BacklogError, match=r"two functions handle the event type hook\.same"):
        registry(first=first, second=second)
    with pytest.raises(ValueError, match="none beginning with"):
        handler("hook.same")
    with pytest.raises(TypeError, match="with parentheses"):

        @checkpoint
        def third(param): ...


def test_a_param_tells_all_about_a_delivery() -> None:
    param = make_param(delivery(record={"id": 5}), Lent(Connections()), None)

    assert isinstance(param, CheckpointParam)
    assert param.record == {
        "id": 5, "_source_table": "api/orders", "_destination_table": "orders"
    }  # fmt: skip
    ctx = param.ctx
    assert (ctx.name, ctx.pipeline, ctx.hook, ctx.table) == ("orders", "orders", "audit", "orders")
    assert (ctx.event_id, ctx.attempt, ctx.correlation_id, ctx.replay) == (7, 3, "c", None)
    assert ctx.idempotency_key == "audit:7:*"
    assert ctx.created_at == datetime(2026, 1, 2, 3, 4, 5, 600000, UTC)
    with pytest.raises(AttributeError):
        ctx.attempt = 1
    with pytest.raises(LookupError, match="is not transactional"):
        _ = param.connection


def test_a_param_of_a_failure_says_why() -> None:
    item = delivery(
        kind="incident", record={"id": 5, "_destination_table": "mine"}, error="no such customer",
        error_code="23503", constraint="orders_customer_fkey", attempt=2, incident_id=9, replay=4,
    )  # fmt: skip
    param = make_param(item, Lent(Connections()), None)

    assert isinstance(param, BacklogParam)
    assert (param.error, param.error_code) == ("no such customer", "23503")
    assert (param.constraint, param.failed_attempt) == ("orders_customer_fkey", 2)
    assert (param.incident_id, param.ctx.replay) == (9, 4)
    assert param.record["_destination_table"] == "mine"  # the record's own facts come first


def test_several_records_are_not_one() -> None:
    param = make_param(delivery(records=[{"id": 1}, {"id": 2}]), Lent(Connections()), None)
    assert [record["id"] for record in param.records] == [1, 2]
    with pytest.raises(LookupError, match=r"2 records were delivered to hook audit.*param.records"):
        _ = param.record
    nothing = make_param(delivery(records=None, record_count=8), Lent(Connections()), None)
    assert (nothing.records, nothing.ctx.record_count) == ([], 8)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (stop("too many refunds"), "too many refunds"),
        ("stop", "asked to stop"),
        ("stop: look at this", "look at this"),
        (None, None),
        ("stopped", None),
        (17, None),
    ],
)
def test_answers_of_hooks(answer: object, reason: str | None) -> None:
    found = run(lambda param: answer)
    assert (found and found.reason) == reason


def test_the_logger_knows_the_delivery_and_strikes_out_secrets(caplog) -> None:
    with caplog.at_level(logging.INFO, "pgbacklog"):
        param = checkpoint_param({"id": 1}, pipeline="orders", hook="audit", event_id=7)
        param.logger.info("saved %s as %s", 1, "password=hunter2")
        param.logger.debug("%s", "not shown")
        param.logger.warning("100%", extra={"more": 1})

    first, second = caplog.records
    assert first.getMessage() == "saved 1 as password=***"
    assert first.fields == {"hook": "audit", "pipeline": "orders", "event_id": 7}
    assert (second.getMessage(), second.more, second.levelname) == ("100%", 1, "WARNING")


def test_users_can_test_their_hooks_without_a_database() -> None:
    @checkpoint("orders")
    def audit(param: CheckpointParam):
        for record in param.records:
            param.auxiliary_db["mysql"].execute(
                "insert into log values (?, ?)", [param.ctx.name, record["id"]]
            )
        if len(param.records) > 2:
            return stop("too many")
        return None

    @backlog("orders")
    def rescue(param: BacklogParam):
        param.destination_db.execute("insert into log values (?, ?)", [param.error, param.record["id"]])
        param.logger.error("write failed")

    db = sqlite3.connect(":memory:")
    db.execute("create table log (a, b)")
    param = checkpoint_param([{"id": 1}, {"id": 2}], pipeline="orders", auxiliary_db={"mysql": db})
    assert audit(param) is None
    assert audit(checkpoint_param([{"id": 1}] * 3, auxiliary_db={"mysql": db})) == stop("too many")
    rescue(backlog_param({"id": 9}, error="no", error_code="23503", destination_db=db))
    assert db.execute("select * from log").fetchall()[:2] == [("orders", 1), ("orders", 2)]
    assert db.execute("select * from log").fetchall()[-1] == ("no", 9)
    with pytest.raises(LookupError, match="no source_db"):
        _ = param.source_db
