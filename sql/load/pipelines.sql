create or replace view backlog.pipelines as
select
  p.name,
  p.description,
  p.load_delay_seconds,
  p.min_rows,
  p.max_rejects,
  p.max_reject_ratio,
  p.auto_load,
  p.checkpoint_payload,
  p.paused_at,
  p.pause_reason,
  nullif(p.load_after, '-infinity') as load_after,
  (select count(*) from backlog_internal.pipeline_table as t where t.pipeline_id = p.pipeline_id) as tables,
  s.staged_items,
  s.staged_rows,
  q.waiting as quarantined_rows,
  q.parked as parked_rows,
  l.load_id as last_load_id,
  l.outcome as last_outcome,
  l.finished_at as last_load_at,
  l.error as last_error,
  p.created_by,
  p.created_at
from backlog_internal.pipeline as p
cross join lateral (
  select count(*) as staged_items, coalesce(sum(s.row_count), 0)::bigint as staged_rows
  from backlog_internal.staged_item as s
  where s.pipeline_id = p.pipeline_id
    and s.held_token is not null
) as s
cross join lateral (
  select
    count(*) filter (where q.state = 'waiting') as waiting,
    count(*) filter (where q.state = 'parked') as parked
  from backlog_internal.quarantine_row as q
  where q.pipeline_id = p.pipeline_id
    and q.state in ('waiting', 'parked')
) as q
left join lateral (
  select l.load_id, l.outcome, l.finished_at, l.error
  from backlog_internal.load as l
  where l.pipeline_id = p.pipeline_id
  order by l.load_id desc
  limit 1
) as l on true;

comment on view backlog.pipelines is
  $$List the pipelines with their options, what waits in them and how the last load went.$$;
comment on column backlog.pipelines.tables is 'How many tables it loads.';
comment on column backlog.pipelines.staged_items is 'Items whose pages wait for the next load.';
comment on column backlog.pipelines.staged_rows is 'Rows of these items.';
comment on column backlog.pipelines.quarantined_rows is 'Refused rows that wait for replay or dismissal.';
comment on column backlog.pipelines.parked_rows is 'Rows that wait for their parent.';
comment on column backlog.pipelines.last_load_id is 'The most recent load.';
comment on column backlog.pipelines.last_outcome is 'How it ended.';
comment on column backlog.pipelines.last_load_at is 'When it ended.';
comment on column backlog.pipelines.last_error is 'Why it failed, if it did.';
