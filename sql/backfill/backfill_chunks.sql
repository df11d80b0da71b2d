create or replace view backlog.backfill_chunks as
select
  c.chunk_id,
  c.backfill_id,
  c.kind,
  case
    when c.state = 'PENDING' and exists (
      select from backlog_internal.retry_lease as l where l.token = c.lock_token and l.ids @> array[c.item_id]
    ) then 'EXECUTING'
    else c.state
  end as state,
  c.lower_key,
  c.upper_key,
  c.item_id,
  c.worker_id,
  c.attempts,
  c.rows_estimated,
  c.rows_scanned,
  c.rows_matched,
  c.rows_written,
  c.rows_refused,
  c.bytes,
  c.checksum,
  c.error,
  c.error_code,
  c.started_at,
  c.finished_at,
  c.verified_at,
  c.source_rows,
  c.source_checksum,
  c.destination_rows,
  c.destination_checksum,
  (select count(*) from backlog_internal.backfill_difference as d where d.chunk_id = c.chunk_id) as differences,
  c.created_at
from backlog_internal.backfill_chunk as c;

comment on view backlog.backfill_chunks is
  $$List the chunks of backfills: range, state, counts and what verification found.$$;
comment on column backlog.backfill_chunks.state is 'PENDING, EXECUTING, COMPLETED or FAILED.';
comment on column backlog.backfill_chunks.differences is 'Keys at which source and destination differed at verification.';
comment on column backlog.backfill_chunks.chunk_id is 'Key; also names parts of files.';
