create or replace function backlog_internal.note_complete_sets(
  p_load_id bigint,
  p_pipeline backlog_internal.pipeline
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_generations text[];
  v_problem     text;
begin
  if not exists (
    select from backlog_internal.load_tables_of(p_load_id) as t where t.mode = 'replace'
  ) then
    return;
  end if;
  v_generations := array(
    select distinct coalesce(s.generation, '')
    from backlog_internal.staged_item as s
    where s.load_id = p_load_id
  );

  -- What was copied without items is what its owner says: the full set. Pages are one only when all
  -- of the same correlation id are here.
  v_problem := case
    when v_generations = '{}' then null
    when cardinality(v_generations) > 1 then 'pages of several fetches arrived together'
    when exists (
      select
      from backlog_internal.partial_generation as g
      where g.pipeline_id = p_pipeline.pipeline_id
        and g.generation = v_generations[1]
    ) then 'a part of the pages was loaded before'
    when exists (
      select
      from backlog_internal.retry_lane as l
      join backlog_internal.retry_item as i on i.lane_id = l.lane_id
      where l.event_type = 'fetch.' || p_pipeline.name
        and coalesce(i.correlation_id, '') = v_generations[1]
        and i.id not in (
          select s.item_id from backlog_internal.staged_item as s where s.load_id = p_load_id
        )
    ) then 'pages are still to be fetched'
    when exists (
      select
      from backlog_internal.retry_lane as l
      join backlog_internal.dead_letter as d on d.lane_id = l.lane_id
      where l.event_type = 'fetch.' || p_pipeline.name
        and coalesce(d.correlation_id, '') = v_generations[1]
    ) then 'a page is a dead letter'
  end;

  update backlog_internal.load_work as w
  set complete_set = true
  from backlog_internal.pipeline_table as t
  where w.load_id = p_load_id
    and t.pipeline_table_id = w.pipeline_table_id
    and t.mode = 'replace';
  if v_problem is not null then
    perform backlog_internal.note_partial_sets(p_load_id, v_problem);
  end if;
end;
$$;

comment on function backlog_internal.note_complete_sets(bigint, backlog_internal.pipeline) is
  $$Find out whether the rows for tables in mode replace are full sets, which prove that others are gone.

The pages of a set share a correlation id. A set of which a part was loaded alone never becomes full.$$;
