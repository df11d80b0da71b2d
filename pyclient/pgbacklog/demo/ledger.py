"""Ask the database how the demo is doing, through the same views that a user has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

from pgbacklog.demo.data import TABLES
from pgbacklog.demo.expected import KEYS, Content, Key, stored_columns

PIPELINE = "flights_demo"
EVENT_TYPE = f"fetch.{PIPELINE}"


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the fetch items of one chapter are."""

    loaded: int
    live: int
    staged: int
    failed_attempts: int
    dead: int


class Ledger:
    """The demo's own view of the database."""

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self.conn = conn

    def rows(self, query: str, params: Sequence[object] = ()) -> list[dict[str, Any]]:
        """Return the rows of a query by column name."""
        return self.conn.cursor(row_factory=dict_row).execute(query, params).fetchall()

    def value(self, query: str, params: Sequence[object] = ()) -> Any:
        """Return the only value of a query."""
        row = self.conn.execute(query, params).fetchone()
        assert row is not None
        return row[0]

    def now(self) -> datetime:
        """Return the database's time."""
        found: datetime = self.value("select clock_timestamp()")
        return found

    def progress(self, since: datetime) -> Progress:
        """Count the items that ended, live or failed since a moment."""
        row = self.conn.execute(
            """
            select
              count(*) filter (where h.outcome = 'completed'),
              (select count(*) from backlog.retry_items as i where i.event_type = %(type)s),
              (select p.staged_items from backlog.pipelines as p where p.name = %(pipeline)s),
              count(*) filter (where h.outcome in ('failed', 'dead_letter')),
              (select count(*) from backlog.dead_letters as d where d.event_type = %(type)s)
            from backlog.retry_history as h
            where h.event_type = %(type)s and h.finished_at >= %(since)s
            """,
            {"type": EVENT_TYPE, "pipeline": PIPELINE, "since": since},
        ).fetchone()
        assert row is not None
        return Progress(*row)

    def held_by(self, worker: str) -> int:
        """Return how many pages are under a worker's lease."""
        found: int = self.value(
            "select count(*) from backlog.retry_items as i "
            "where i.worker_id = %s and i.event_type = %s",
            [worker, EVENT_TYPE],
        )
        return found

    def statements_of(self, worker: str) -> int:
        """Return how many statements of a worker the server is carrying out."""
        found: int = self.value(
            "select count(*) from pg_stat_activity as a "
            "where a.application_name like %s and a.state = 'active'",
            [f"pgbacklog % {worker}"],
        )
        return found

    def failures(self, since: datetime) -> list[dict[str, Any]]:
        """Count the failed attempts by error code and outcome."""
        return self.rows(
            """
            select count(*) as attempts, h.error_code as code, h.outcome, min(h.error) as example
            from backlog.retry_history as h
            where h.event_type = %s
              and h.finished_at >= %s
              and h.outcome in ('failed', 'dead_letter')
            group by h.error_code, h.outcome
            order by 1 desc, 2
            """,
            [EVENT_TYPE, since],
        )

    def loads(self, since: datetime) -> list[dict[str, Any]]:
        """Sum up what the loads since a moment did to each table."""
        return self.rows(
            """
            select t.table_name as table, count(*) as loads, sum(t.received)::int as received,
              sum(t.inserted)::int as inserted, sum(t.updated)::int as updated,
              sum(t.unchanged)::int as unchanged, sum(t.duplicates)::int as duplicates,
              sum(t.parked)::int as parked, sum(t.rejected)::int as rejected
            from backlog.load_tables as t
            join backlog.loads as l on l.load_id = t.load_id
            where t.pipeline = %s and l.outcome = 'loaded' and l.started_at >= %s
            group by t.table_name
            order by min(t.load_order), 1
            """,
            [PIPELINE, since],
        )

    def written(self, since: datetime) -> dict[str, int]:
        """Count the rows that loads since a moment wrote, by table."""
        loads = self.loads(since)
        counts = {load["table"]: load["inserted"] + load["updated"] for load in loads}
        return {table: count for table, count in counts.items() if count}

    def hooks(self) -> list[dict[str, Any]]:
        """Tell how the demo's hooks are doing."""
        return self.rows(
            """
            select h.name as hook, h.kind, h.mode, h.state, count(y.*) as delivered,
              h.pending + h.in_progress as waiting, h.dead_letters as dead
            from backlog.hooks as h
            left join backlog.retry_history as y
              on y.event_type = h.event_type and y.outcome = 'completed'
            where h.name like %s
            group by h.name, h.kind, h.mode, h.state, h.pending, h.in_progress, h.dead_letters
            order by h.kind desc, h.name
            """,
            ["demo\\_%"],
        )

    def waiting_deliveries(self) -> int:
        """Return how many deliveries are not at their end."""
        found: int = self.value(
            "select count(*) from backlog.retry_items as i where i.event_type like %s", ["hook.%"]
        )
        return found

    def incidents(self) -> list[dict[str, Any]]:
        """Count the incidents by what became of them."""
        return self.rows(
            """
            select count(*) as incidents, i.source, i.state,
              case when i.critical then 'yes' else 'no' end as critical, min(i.error) as example
            from backlog.incidents as i
            where i.pipeline = %s
            group by i.source, i.state, i.critical
            order by 1 desc
            """,
            [PIPELINE],
        )

    def quarantine(self) -> list[dict[str, Any]]:
        """Count the rows that wait in quarantine, by reason."""
        return self.rows(
            """
            select count(distinct q.quarantine_id) as rows, q.table_name as table, q.rule,
              q.column_name as column, count(distinct q.value) as values, min(q.message) as message
            from backlog.quarantine as q
            where q.pipeline = %s and q.state in ('waiting', 'parked')
            group by q.table_name, q.rule, q.column_name
            order by 1 desc
            """,
            [PIPELINE],
        )

    def quarantined_flights(self) -> Counter[Key]:
        """Count the flights that wait in quarantine by their keys.

        Second copies of a flight do not count: the first is stored, or waits here itself.
        """
        parts = ", ".join(f"r.row_data ->> '{name}'" for name in KEYS["flights"])
        found = self.conn.execute(
            f"select {parts} from (select distinct q.quarantine_id, q.row_data "  # noqa: S608
            "from backlog.quarantine as q where q.pipeline = %s and q.table_name = 'flights' "
            "and q.state = 'waiting' and q.rule <> 'duplicate') as r",
            [PIPELINE],
        )
        # In JSON the number of a flight is text.
        return Counter((day, line, int(number), origin) for day, line, number, origin in found)

    def stored(self, table: str) -> dict[Key, Content]:
        """Return the content of a stable table, values written as the API wrote them."""
        columns = stored_columns(table)
        written = [_written(column) for column in columns]
        found = self.conn.execute(f"select {', '.join(written)} from flights_demo.{table}")  # noqa: S608
        positions = [columns.index(name) for name in KEYS[table]]
        return {tuple(row[at] for at in positions): row for row in found}

    def counts(self) -> dict[str, int]:
        """Count the rows of every stable table."""
        return {
            table: self.value(f"select count(*) from flights_demo.{table}")  # noqa: S608
            for table in TABLES
        }


def _written(column: str) -> str:
    if column == "flight_date":
        return "flight_date::text"
    if column == "time_hour":
        return """to_char(time_hour at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""
    return column
