"""Hand-written queues: what a good developer would write for one table, and its limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from ..payload import PAYLOAD_SQL, payload
from ..server import Connection
from .base import Item, QueueSystem


class Plain(QueueSystem):
    """One narrow table: claim by UPDATE with SKIP LOCKED, acknowledge by DELETE.

    It has a lease but no fence, no history, no priorities and no kinds of messages, so it is a
    ceiling rather than a rival.
    """

    name = "plain"
    tables: ClassVar[Sequence[str]] = ("q",)
    schema = """
      create table q (
        id bigint generated always as identity primary key,
        run_at timestamptz not null default now(),
        leased_until timestamptz,
        worker text,
        attempts int not null default 0,
        payload jsonb not null
      ) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01);
      create index q_run_at on q (run_at, id);
    """
    claim_sql = """
      with due as (
        select q.id from q
        where q.run_at <= now() and (q.leased_until is null or q.leased_until < now())
        order by q.run_at, q.id
        limit %(batch)s
        for update skip locked
      )
      update q
      set leased_until = now() + interval '30 s', worker = %(worker)s, attempts = q.attempts + 1
      from due
      where q.id = due.id
      returning q.id, q.attempts, q.payload
    """

    def install(self) -> None:
        with self.connect() as connection:
            connection.execute(self.schema)

    def single_sql(self) -> str:
        return f"insert into q (payload) values ('{payload(1)}');"

    def bulk_sql(self) -> str:
        return "insert into q (payload) select unnest(b.payloads) from bench_batch as b;"

    def fill(self, connection: Connection, count: int, batch: int = 100) -> None:
        connection.execute(
            f"insert into q (payload) select {PAYLOAD_SQL} from generate_series(1, %s) as g",
            (count,),
        )

    def defer(self, connection: Connection, count: int, seconds: int) -> bool:
        connection.execute(
            f"insert into q (run_at, payload) select now() + make_interval(secs => %s),"
            f" {PAYLOAD_SQL} from generate_series(1, %s) as g",
            (seconds, count),
        )
        return True

    def claim(self, connection: Connection, batch: int, worker: str) -> Sequence[Item]:
        return connection.execute(self.claim_sql, {"batch": batch, "worker": worker}).fetchall()

    def acknowledge(self, connection: Connection, items: Sequence[Item], worker: str) -> None:
        connection.execute("delete from q where id = any(%s)", ([item[0] for item in items],))

    def backlog(self, connection: Connection) -> int:
        row = connection.execute("select count(*) from q where leased_until is null").fetchone()
        return int(row[0]) if row else 0


class DeleteReturning(Plain):
    """DELETE ... RETURNING with no lease: a message dies with its worker. The absolute ceiling."""

    name = "delete_returning"
    claim_sql = """
      delete from q
      where id = any (array(
        select q.id from q where q.run_at <= now()
        order by q.run_at, q.id limit %(batch)s for update skip locked))
      returning id, attempts, payload
    """

    def acknowledge(self, connection: Connection, items: Sequence[Item], worker: str) -> None:
        """Do nothing: the claim has already deleted the messages."""


class Classic(Plain):
    """The classic one-table design with what pgbacklog promises: fence, history, priorities.

    A status column, a partial index on what waits, UPDATE to claim, DELETE plus a history row to
    acknowledge, in static PL/pgSQL functions.
    """

    name = "classic"
    tables = ("q", "history")
    schema = """
      create table q (
        id bigint generated always as identity primary key,
        lane int not null default 1,
        priority smallint not null default 5,
        status text not null default 'pending',
        run_at timestamptz not null default now(),
        leased_until timestamptz,
        token bigint,
        worker text,
        attempts int not null default 0,
        max_retries int not null default 3,
        event_type text not null default 'bench',
        correlation_id text,
        tags text[],
        metadata jsonb,
        payload jsonb not null
      ) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01);
      create index q_due on q (lane, priority, run_at, id) where status = 'pending';
      create index q_leased on q (id) where status = 'processing';
      create sequence q_token;
      create table history (
        id bigint not null, finished_at timestamptz not null default now(),
        outcome text not null, event_type text, attempts int, worker text, correlation_id text
      );
      create function claim(p_worker text, p_batch int, p_lease interval)
        returns table (o_id bigint, o_attempts int, o_payload jsonb, o_token bigint)
        language plpgsql
      as $$
      declare
        v_token bigint := nextval('q_token');
      begin
        return query
        with due as materialized (
          select q.id from q
          where q.lane = 1 and q.priority = 5 and q.status = 'pending' and q.run_at <= now()
          order by q.run_at, q.id
          limit p_batch
          for update skip locked
        )
        update q
        set status = 'processing', leased_until = now() + p_lease, worker = p_worker,
          token = v_token, attempts = q.attempts + 1
        from due
        where q.id = due.id
        returning q.id, q.attempts, q.payload, v_token;
      end $$;
      create function acknowledge(p_ids bigint[], p_token bigint)
        returns void
        language sql
      as $$
        with gone as (
          delete from q
          where q.id = any (p_ids) and q.token = p_token and q.status = 'processing'
          returning q.id, q.event_type, q.attempts, q.worker, q.correlation_id
        )
        insert into history (id, outcome, event_type, attempts, worker, correlation_id)
        select gone.id, 'completed', gone.event_type, gone.attempts, gone.worker,
          gone.correlation_id
        from gone;
      $$;
    """
    claim_sql = "select * from claim(%(worker)s, %(batch)s, interval '30 s')"

    def acknowledge(self, connection: Connection, items: Sequence[Item], worker: str) -> None:
        connection.execute("select acknowledge(%s, %s)", ([item[0] for item in items], items[0][3]))

    def backlog(self, connection: Connection) -> int:
        row = connection.execute("select count(*) from q where status = 'pending'").fetchone()
        return int(row[0]) if row else 0
