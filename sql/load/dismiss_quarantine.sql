create or replace function backlog.dismiss_quarantine(
  p_filter jsonb,
  p_note text = null,
  p_limit int = 1000,
  p_dry_run boolean = false
)
  returns table (quarantine_id bigint, pipeline text, table_name text, outcome text)
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  return query
  with candidate as materialized (
    select q.quarantine_row_id, p.name as pipeline, t.name as table_name
    from backlog_internal.choose_quarantine(p_filter, p_limit, not p_dry_run) as q
    join backlog_internal.pipeline as p on p.pipeline_id = q.pipeline_id
    join backlog_internal.pipeline_table as t on t.pipeline_table_id = q.pipeline_table_id
  ),
  dismissed as (
    update backlog_internal.quarantine_row as q
    set
      state = 'dismissed',
      closed_at = backlog_internal.clock(),
      note = coalesce(p_note, q.note)
    from candidate as c
    where q.quarantine_row_id = c.quarantine_row_id
      and not p_dry_run
  )
  select
    c.quarantine_row_id, c.pipeline, c.table_name,
    case when p_dry_run then 'would dismiss' else 'dismissed' end
  from candidate as c
  order by c.quarantine_row_id;
end;
$$;

comment on function backlog.dismiss_quarantine(jsonb, text, int, boolean) is
  $$Decide that quarantined rows are not wanted. They are kept for a while, with the note, then removed.

p_filter is as in backlog.replay_quarantine. Returns one row per quarantined row: dismissed, or would
dismiss on a dry run.

Raises PB003 when the filter has an unknown key or the limit is not positive.$$;
