create or replace view backlog.quarantine as
select
  q.quarantine_row_id as quarantine_id,
  p.name as pipeline,
  t.name as table_name,
  q.state,
  v.rule,
  v.sql_state,
  v.constraint_name,
  v.column_name,
  v.value,
  v.message,
  q.row_data,
  q.item_id,
  q.load_id,
  q.superseded_by,
  q.replays,
  q.seen_count,
  v.found_at,
  q.created_at,
  q.last_seen_at,
  q.parked_until,
  q.closed_at,
  q.note
from backlog_internal.quarantine_row as q
join backlog_internal.pipeline as p on p.pipeline_id = q.pipeline_id
join backlog_internal.pipeline_table as t on t.pipeline_table_id = q.pipeline_table_id
left join backlog_internal.quarantine_violation as v on v.quarantine_row_id = q.quarantine_row_id;

comment on view backlog.quarantine is
  $$List refused rows with the reasons, one line per violation; a row has one quarantine_id in all of them.

Open rows are waiting (for a person), parked (for their parent) or replaying (for the next load).$$;
comment on column backlog.quarantine.quarantine_id is 'Key of the row, for replay_quarantine and dismiss_quarantine.';
comment on column backlog.quarantine.pipeline is 'Name of the pipeline.';
comment on column backlog.quarantine.table_name is 'Name of the table within the pipeline.';
