create or replace function backlog.replay_quarantine(
  p_filter jsonb = '{}',
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
    select
      q.quarantine_row_id, p.name as pipeline, t.name as table_name, q.state,
      case
        when jsonb_typeof(q.row_data) <> 'object' then 'row is not an object'
        when q.superseded_by is not null then format('load %s brought a newer copy', q.superseded_by)
        else (backlog_internal.row_error(t.delta_table, q.row_data))[2]
      end as problem
    from backlog_internal.choose_quarantine(p_filter, p_limit, not p_dry_run) as q
    join backlog_internal.pipeline as p on p.pipeline_id = q.pipeline_id
    join backlog_internal.pipeline_table as t on t.pipeline_table_id = q.pipeline_table_id
    where q.state in ('waiting', 'parked')
  ),
  replayed as (
    update backlog_internal.quarantine_row as q
    set
      state = 'replaying',
      parked_until = null
    from candidate as c
    where q.quarantine_row_id = c.quarantine_row_id
      and c.problem is null
      and not p_dry_run
  )
  select
    c.quarantine_row_id, c.pipeline, c.table_name,
    coalesce(c.problem, case when p_dry_run then 'would replay' else 'replaying' end)
  from candidate as c
  order by c.quarantine_row_id;
end;
$$;

comment on function backlog.replay_quarantine(jsonb, int, boolean) is
  $$Give quarantined rows another chance: the next load judges them again, beside newer rows.

p_filter is an object with any of ids (an array), pipeline, table, rule, constraint, column, value,
item_id, load_id and state. Returns one row per quarantined row: replaying, would replay on a dry run,
or why it cannot be replayed before it is edited with backlog.edit_quarantine. A replayed row never
replaces one with a greater version, nor a newer copy: rows of which a newer copy was loaded are
superseded by then, and the second of two copies in one page has to be edited first.

Raises PB003 when the filter has an unknown key or the limit is not positive.$$;
