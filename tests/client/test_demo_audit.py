"""The demo's audit hooks act once per delivery, and the demo would notice if they did not."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from pgbacklog.demo import audit_hooks
from pgbacklog.demo.audit_log import AuditLog
from pgbacklog.testing import backlog_param, checkpoint_param


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    found = AuditLog(tmp_path)
    found.make()
    return found


@pytest.fixture
def audit(log: AuditLog) -> Iterator[dict[str, sqlite3.Connection]]:
    conn = sqlite3.connect(log.path, isolation_level=None)
    yield {"audit": conn}
    conn.close()


def test_a_commit_is_noted_and_counted_once(log: AuditLog, audit) -> None:
    for event, rows in ((1, 3), (2, 4), (1, 3)):
        audit_hooks.note_commit(checkpoint_param(
            [{"carrier": str(n)} for n in range(rows)], auxiliary_db=audit, table="airlines",
            event_id=event, idempotency_key=f"demo_commits:{event}:*",
        ))  # fmt: skip

    assert log.commits() == (2, {"airlines": 7})


def test_a_row_is_noted_once(log: AuditLog, audit) -> None:
    for key in ("a", "b", "a"):
        audit_hooks.note_row(checkpoint_param(
            {"carrier": "UA"}, auxiliary_db=audit, table="airlines", idempotency_key=key
        ))  # fmt: skip

    assert log.noted_rows() == 2


def test_failures_are_counted_by_code(log: AuditLog, audit) -> None:
    several = [{"error_code": "23503"}, {"error_code": "23503"}, {"error_code": "22P02"}]
    for _ in range(2):
        audit_hooks.note_failures(backlog_param(
            [{}, {}, {}], details=several, auxiliary_db=audit, idempotency_key="one"
        ))  # fmt: skip
    audit_hooks.note_failures(backlog_param(
        {"page": 4}, error_code="PB105", auxiliary_db=audit, idempotency_key="two"
    ))  # fmt: skip

    assert log.failures() == {"23503": 2, "22P02": 1, "PB105": 1}


def test_an_alarm_tells_the_record(log: AuditLog, audit) -> None:
    audit_hooks.raise_alarm(backlog_param(
        {"page": 4}, error="malformed", auxiliary_db=audit, kind="alert"
    ))  # fmt: skip

    assert log.alarms() == [("[{'page': 4}]", "malformed")]


def test_what_is_lost_from_the_audit_is_missed(log: AuditLog, audit) -> None:
    for event in range(4):
        audit_hooks.note_commit(checkpoint_param(
            {"carrier": "UA"}, auxiliary_db=audit, table="airlines", idempotency_key=str(event)
        ))  # fmt: skip

    assert log.lose_half() == 2
    assert log.commits() == (2, {"airlines": 2})
