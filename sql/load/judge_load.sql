create or replace function backlog_internal.judge_load(p_load_id bigint)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_table      backlog_internal.pipeline_table;
  v_duplicates bigint[] := array[]::bigint[];
begin
  -- What rows and pages show by themselves comes first: it may condemn whole items.
  for v_table in select t.* from backlog_internal.load_tables_of(p_load_id) as t loop
    perform backlog_internal.judge_rows(p_load_id, v_table);
    if backlog_internal.judge_duplicates(p_load_id, v_table, true) then
      v_duplicates := v_duplicates || v_table.pipeline_table_id;
    end if;
    perform backlog_internal.settle_verdicts(p_load_id, v_table);
  end loop;

  for v_table in select t.* from backlog_internal.load_tables_of(p_load_id) as t loop
    if v_table.pipeline_table_id = any (v_duplicates) then
      perform backlog_internal.judge_duplicates(p_load_id, v_table, false);
      perform backlog_internal.settle_verdicts(p_load_id, v_table);
    end if;
    perform backlog_internal.judge_unique(p_load_id, v_table);
    perform backlog_internal.settle_verdicts(p_load_id, v_table);
  end loop;

  perform backlog_internal.judge_references(p_load_id);
end;
$$;

comment on function backlog_internal.judge_load(bigint) is
  $$Judge all rows of a load and do what the policies say, until what is left may be loaded together.

Raises PB104 when a policy refuses the load.$$;
