create or replace view backlog.backfill_differences as
select
  c.backfill_id,
  d.chunk_id,
  b.key_columns,
  d.key,
  d.problem
from backlog_internal.backfill_difference as d
join backlog_internal.backfill_chunk as c on c.chunk_id = d.chunk_id
join backlog_internal.backfill as b on b.backfill_id = c.backfill_id;

comment on view backlog.backfill_differences is
  $$List the keys at which a comparison found source and destination different.

It was made by backlog.verify_backfill, or for writers by pgbacklog backfill verify.$$;
comment on column backlog.backfill_differences.backfill_id is 'The backfill.';
comment on column backlog.backfill_differences.chunk_id is 'The chunk.';
