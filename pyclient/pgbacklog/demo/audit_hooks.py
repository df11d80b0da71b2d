"""The demo's other hooks module: called for what was loaded and for what was not.

It keeps an audit in another database, here SQLite; with MySQL only the placeholders would differ.
Every effect is stored with the idempotency key of its delivery, so that a delivery that comes
twice, after a crash or by a replay, acts once.
"""

from __future__ import annotations

from collections import Counter

from pgbacklog import BacklogParam, CheckpointParam, alert, backlog, checkpoint


@checkpoint("flights_demo", name="demo_commits", payload="keys", timeout=20)
def note_commit(param: CheckpointParam) -> None:
    """Note a commit with the number of its rows, and add it to the statistics of its table."""
    ctx, audit = param.ctx, param.auxiliary_db["audit"]
    noted = audit.execute(
        "insert into commit_log values (?, ?, ?, ?) on conflict do nothing",
        [ctx.idempotency_key, ctx.table, ctx.record_count, str(ctx.created_at)],
    )
    if noted.rowcount:
        audit.execute(
            "insert into table_stats values (?, ?, ?) on conflict (table_name) do update set "
            "record_count = record_count + excluded.record_count, "
            "last_commit_time = max(last_commit_time, excluded.last_commit_time)",
            [ctx.table, ctx.record_count, str(ctx.created_at)],
        )


@checkpoint("flights_demo", name="demo_rows", mode="individual", payload="keys", timeout=20)
def note_row(param: CheckpointParam) -> None:
    """Note a single row."""
    audit = param.auxiliary_db["audit"]
    audit.execute("pragma synchronous = normal")  # thousands of commits need not reach the disk
    audit.execute(
        "insert into row_log values (?, ?, ?) on conflict do nothing",
        [param.ctx.idempotency_key, param.ctx.table, str(param.record)],
    )


@backlog("flights_demo", name="demo_failures", mode="bulk", timeout=20)
def note_failures(param: BacklogParam) -> None:
    """Count what was refused, by error code."""
    ctx, audit = param.ctx, param.auxiliary_db["audit"]
    codes = Counter(detail.get("error_code") or param.error_code for detail in param.details)
    for code, count in (codes or {param.error_code: ctx.record_count}).items():
        audit.execute(
            "insert into failure_log values (?, ?, ?, ?) on conflict do nothing",
            [ctx.idempotency_key, ctx.table, code, count],
        )


@alert("flights_demo", name="demo_alarm", mode="bulk", timeout=20)
def raise_alarm(param: BacklogParam) -> None:
    """Write where people look; a pager or a chat would be called here."""
    param.auxiliary_db["audit"].execute(
        "insert into alarm values (?, ?, ?) on conflict do nothing",
        [param.ctx.idempotency_key, str(param.records), param.error],
    )
