create or replace function backlog_internal.judge_references(p_load_id bigint)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_table   backlog_internal.pipeline_table;
  v_actions text[];
  v_again   boolean := true;
begin
  -- Children first: a delete mark that is refused keeps the parent, too.
  for v_table in select t.* from backlog_internal.load_tables_of(p_load_id, true) as t loop
    perform backlog_internal.judge_deletes(p_load_id, v_table);
    perform backlog_internal.judge_missing(p_load_id, v_table);
    perform backlog_internal.settle_verdicts(p_load_id, v_table);
  end loop;

  -- Parents are settled before their children, so one round does, unless a verdict reaches back: by
  -- condemning an item with rows in earlier tables, or along a cycle.
  while v_again loop
    v_again := false;
    for v_table in select t.* from backlog_internal.load_tables_of(p_load_id) as t loop
      perform backlog_internal.judge_foreign_keys(p_load_id, v_table);
      v_actions := backlog_internal.settle_verdicts(p_load_id, v_table);
      v_again := v_again
        or 'dead_letter_item' = any (v_actions)
        or v_actions <> '{}' and exists (
          select
          from backlog_internal.pipeline_foreign_keys(v_table.pipeline_id) as f
          join backlog_internal.pipeline_table as c on c.pipeline_table_id = f.pipeline_table_id
          where f.parent_table_id = v_table.pipeline_table_id
            and c.load_order <= v_table.load_order
        );
    end loop;
  end loop;
end;
$$;

comment on function backlog_internal.judge_references(bigint) is
  $$Judge what goes against what stays, and children against their parents, until nothing more is refused.

Raises PB104 when a policy refuses the load.$$;
