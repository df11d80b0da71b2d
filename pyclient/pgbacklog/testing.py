"""Make what a hook is given, to test the hook as the plain function that it is.

    param = checkpoint_param([{"id": 1}], auxiliary_db={"mysql": sqlite3.connect(":memory:")})
    assert audit(param) is None
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg

from pgbacklog.hooks import BacklogParam, CheckpointParam, Context, Record


def checkpoint_param(
    records: Record | Sequence[Record], *, source_db: Any = None, destination_db: Any = None,
    auxiliary_db: Mapping[str, Any] | None = None,
    connection: psycopg.Connection[Any] | None = None, **facts: Any,
) -> CheckpointParam:  # fmt: skip
    """Return a param with these records and connections; `facts` are fields of its ctx.

    Nothing is committed or rolled back: look at the connections afterwards. A connection that is
    not given raises LookupError when the hook asks for it.
    """
    rows = _rows(records)
    ctx = _context("checkpoint", rows, facts)
    source, destination = _lender(source_db), _lender(destination_db)
    return CheckpointParam(ctx, rows, auxiliary_db or {}, source, destination, connection)


def backlog_param(
    records: Record | Sequence[Record], *, error: str = "it failed", error_code: str | None = None,
    constraint: str | None = None, incident_id: int | None = 1, failed_attempt: int = 1,
    details: Sequence[Record] = (), source_db: Any = None, destination_db: Any = None,
    auxiliary_db: Mapping[str, Any] | None = None,
    connection: psycopg.Connection[Any] | None = None, kind: str = "incident", **facts: Any,
) -> BacklogParam:  # fmt: skip
    """Return a param as checkpoint_param() does, for records that failed; kind may be alert."""
    rows = _rows(records)
    ctx = _context(kind, rows, facts)
    source, destination = _lender(source_db), _lender(destination_db)
    return BacklogParam(
        ctx, rows, auxiliary_db or {}, source, destination, connection,
        error, error_code, constraint, incident_id, failed_attempt, list(details),
    )  # fmt: skip


def _rows(records: Record | Sequence[Record]) -> list[Record]:
    return [dict(x) for x in ([records] if isinstance(records, Mapping) else records)]


def _context(kind: str, rows: list[Record], facts: Mapping[str, Any]) -> Context:
    usual = {"hook": "hook_under_test", "kind": kind, "event_id": 1, "pipeline": "test",
             "idempotency_key": "hook_under_test:1:*", "created_at": datetime.now(UTC),
             "record_count": len(rows)}  # fmt: skip
    return Context(**{**usual, **facts})


def _lender(connection: Any) -> Callable[[], Any] | None:
    return None if connection is None else lambda: connection
