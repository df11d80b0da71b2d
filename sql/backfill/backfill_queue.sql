create or replace view backlog.backfill_queue as
select
  b.backfill_id,
  p.name as pipeline,
  b.source_table::text as table_name,
  b.filters,
  b.predicate,
  b.destination,
  b.consistency,
  b.batch_size,
  b.priority,
  b.state,
  (
    select coalesce(sum(c.rows_matched), 0)::bigint
    from backlog_internal.backfill_chunk as c
    where c.backfill_id = b.backfill_id
  ) as count_record,
  b.created_at
from backlog_internal.backfill as b
join backlog_internal.pipeline as p on p.pipeline_id = b.pipeline_id;

comment on view backlog.backfill_queue is
  $$Make a backfill by a plain insert of pipeline, table_name, filters and destination.

The other columns that may be given are predicate, consistency, batch_size and priority; everything else
is as backlog.create_backfill has it. Raises what it raises. The view backlog.backfills shows more.$$;
comment on column backlog.backfill_queue.pipeline is 'The pipeline.';
comment on column backlog.backfill_queue.table_name is 'The table to read.';
comment on column backlog.backfill_queue.count_record is 'Rows copied so far.';
comment on column backlog.backfill_queue.backfill_id is 'Key.';
