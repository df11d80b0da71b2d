create or replace function backlog_internal.note_partial_sets(p_load_id bigint, p_problem text)
  returns void
  language sql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
  insert into backlog_internal.partial_generation (pipeline_id, generation, noted_at)
  select distinct s.pipeline_id, coalesce(s.generation, ''), backlog_internal.clock()
  from backlog_internal.staged_item as s
  where s.load_id = p_load_id
    and exists (
      select from backlog_internal.load_work as w where w.load_id = p_load_id and w.complete_set
    )
  on conflict do nothing;

  update backlog_internal.load_work as w
  set
    complete_set = false,
    note = 'missing rows were not deleted: ' || p_problem
  where w.load_id = p_load_id
    and w.complete_set
$$;

comment on function backlog_internal.note_partial_sets(bigint, text) is
  $$Note that what a load has for tables in mode replace are no full sets, and never will be.$$;
