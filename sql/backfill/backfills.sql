create or replace view backlog.backfills as
select
  b.backfill_id,
  p.name as pipeline,
  b.source_table::text as table_name,
  b.state,
  b.phase,
  b.destination,
  b.filters,
  b.predicate,
  b.write_mode,
  b.consistency,
  b.batch_size,
  b.scan_size,
  b.workers,
  b.priority,
  b.on_error,
  b.plan_kind,
  b.key_columns,
  b.column_names,
  b.incremental_column,
  b.cursor_from,
  b.cursor_to,
  b.paused_at,
  b.pause_reason,
  coalesce(g.changed_at, b.throttled_at) as throttled_at,
  coalesce(g.reason, b.throttle_reason) as throttle_reason,
  b.reason,
  c.chunks,
  c.chunks_completed,
  c.chunks_failed,
  c.rows_scanned,
  c.rows_matched,
  c.rows_written,
  c.rows_refused,
  c.bytes,
  c.rows_scanned + c.rows_left as rows_estimated,
  case
    when b.state = 'COMPLETED' then 100.0
    else least(round(100.0 * c.rows_scanned / greatest(c.rows_scanned + c.rows_left, 1), 1), 99.9)
  end as percent,
  case when b.state = 'EXECUTING' then round(r.matched / r.seconds) end as rows_per_second,
  case when b.state = 'EXECUTING' then round(r.bytes / r.seconds / 1048576, 2) end as megabytes_per_second,
  case
    when b.state = 'EXECUTING' and b.paused_at is null and b.phase = 'copy' and r.scanned > 0
      then make_interval(secs => round(c.rows_left / (r.scanned / r.seconds))::double precision)
  end as time_left,
  b.created_by,
  b.created_at,
  b.planned_at,
  b.started_at,
  b.finished_at,
  b.snapshot_at,
  case
    when b.snapshot_number > 0 and b.state in ('PENDING', 'EXECUTING')
      then backlog.backfill_snapshot_held(b.backfill_id, b.snapshot_number)
    else false
  end as snapshot_held,
  b.unwatched_at,
  c.rows_again
from backlog_internal.backfill as b
join backlog_internal.pipeline as p on p.pipeline_id = b.pipeline_id
cross join lateral (
  select
    count(*) as chunks,
    count(*) filter (where k.state = 'COMPLETED') as chunks_completed,
    count(*) filter (where k.state = 'FAILED') as chunks_failed,
    coalesce(sum(k.rows_scanned) filter (where m.copies), 0)::bigint as rows_scanned,
    coalesce(sum(k.rows_matched) filter (where m.copies), 0)::bigint as rows_matched,
    coalesce(sum(k.rows_matched) filter (where not m.copies), 0)::bigint as rows_again,
    coalesce(sum(k.rows_written), 0)::bigint as rows_written,
    coalesce(sum(k.rows_refused), 0)::bigint as rows_refused,
    coalesce(sum(k.bytes), 0)::bigint as bytes,
    coalesce(sum(k.rows_estimated) filter (where m.copies and k.state <> 'COMPLETED'), 0)::bigint as rows_left
  from backlog_internal.backfill_chunk as k
  -- What comes after the copy reads rows that it has read already.
  cross join lateral (select k.kind not in ('settle', 'touched', 'extra', 'repair') as copies) as m
  where k.backfill_id = b.backfill_id
) as c
cross join lateral (
  select
    sum(l.rows_scanned) as scanned,
    sum(l.rows_matched) as matched,
    sum(l.bytes) as bytes,
    greatest(extract(epoch from max(l.finished_at) - min(l.started_at)), 0.001) as seconds
  from (
    select k.rows_scanned, k.rows_matched, k.bytes, k.started_at, k.finished_at
    from backlog_internal.backfill_chunk as k
    where k.backfill_id = b.backfill_id
      and k.finished_at is not null
      -- A night's pause says nothing of its speed.
      and k.started_at >= (
        select max(t.changed_at)
        from backlog_internal.backfill_transition as t
        where t.backfill_id = b.backfill_id
          and (t.to_state = 'PENDING' or t.to_state = t.from_state)
      )
    order by k.finished_at desc
    limit 20
  ) as l
) as r
left join lateral (
  select k.changed_at, format('circuit breaker %s: %s', k.state, k.last_error) as reason
  from backlog_internal.retry_lane as l
  join backlog_internal.retry_gate as h on h.gate_id = l.gate_id
  join backlog.circuit_breakers as k
    on k.event_type = h.event_type and k.channel_name is not distinct from h.channel_name
  where b.state in ('PENDING', 'EXECUTING')
    and l.event_type = 'backfill.' || case b.kind when 'table' then 'sql' else b.kind end
    and l.channel_name = b.backfill_id::text
    and k.state <> 'closed'
) as g on true;

comment on view backlog.backfills is
  $$List the backfills with their state, progress and speed.

Nothing is counted for it: what is left is estimated by the planner and corrected by each chunk.$$;
comment on column backlog.backfills.pipeline is 'The pipeline that it belongs to.';
comment on column backlog.backfills.table_name is 'The table that is read.';
comment on column backlog.backfills.chunks is 'Chunks so far; a large one is cut while it is worked on.';
comment on column backlog.backfills.chunks_completed is 'Chunks that are done.';
comment on column backlog.backfills.chunks_failed is 'Chunks that were given up.';
comment on column backlog.backfills.rows_scanned is 'Rows read so far, each counted once.';
comment on column backlog.backfills.rows_matched is 'Rows among them that match the filters.';
comment on column backlog.backfills.rows_again is 'Rows read or deleted after the copy: committed late, changed meanwhile, or repaired.';
comment on column backlog.backfills.rows_written is 'Rows that the destination took or changed.';
comment on column backlog.backfills.rows_refused is 'Rows that the destination refused; see backlog.incidents.';
comment on column backlog.backfills.bytes is 'Bytes written; estimated for tables.';
comment on column backlog.backfills.rows_estimated is 'Rows to read in all, estimated.';
comment on column backlog.backfills.percent is 'Share of the rows that were read.';
comment on column backlog.backfills.rows_per_second is 'Matching rows per second in the last 20 chunks since it was last resumed.';
comment on column backlog.backfills.megabytes_per_second is 'Megabytes per second in these chunks.';
comment on column backlog.backfills.time_left is 'Time until all is read, at the speed of these chunks; null after the copy.';
comment on column backlog.backfills.backfill_id is 'Key.';
comment on column backlog.backfills.state is 'PENDING, EXECUTING, COMPLETED, FAILED or CANCELLED.';
comment on column backlog.backfills.started_at is 'When the first chunk was taken.';
comment on column backlog.backfills.finished_at is 'When it completed, failed or was cancelled.';
comment on column backlog.backfills.snapshot_held is 'Whether a session holds its snapshot, and keeps vacuum back, since then.';
