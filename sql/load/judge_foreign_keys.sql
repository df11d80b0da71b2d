create or replace function backlog_internal.judge_foreign_keys(
  p_load_id bigint,
  p_table backlog_internal.pipeline_table
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows  text := backlog_internal.load_rows(p_load_id, p_table.pipeline_table_id);
  v_key   record;
  v_bad   text;
  v_found boolean;
begin
  for v_key in
    select
      f.*,
      backlog_internal.parent_sql(p_load_id, f.parent_table_id, f.parent_table, f.column_names, f.parent_columns)
        as parents,
      backlog_internal.quoted_list(f.column_names, 'r.%I is not null', ' and ') as is_given,
      backlog_internal.quoted_list(f.column_names, 'r.%I is not null', ' or ') as is_partly_given,
      backlog_internal.quoted_list(f.column_names, 'r.%I') as ours
    from backlog_internal.pipeline_foreign_keys(p_table.pipeline_id) as f
    where f.pipeline_table_id = p_table.pipeline_table_id
      and f.is_filled
    order by f.constraint_name
  loop
    v_bad := format(
      'from (%s) as r where not r.backlog_deleted and (%s) and %s',
      v_rows,
      v_key.is_given || case v_key.match_type
        -- match full: all of the columns or none.
        when 'f' then format(' or (%s) and not (%s)', v_key.is_partly_given, v_key.is_given)
        else ''
      end,
      v_key.parents
    );
    -- Counted, not asked for existence: for an early hit the planner would probe row by row.
    execute 'select count(*) > 0 ' || v_bad into v_found;
    if v_found then
      execute format(
        'insert into backlog_internal.load_verdict (load_id, pipeline_table_id, source, row_id, item_id,'
          ' quarantine_row_id, rule, sql_state, constraint_name, column_name, value, message, action)'
          ' select $1, $2, r.backlog_source, r.backlog_row, r.backlog_item_id, r.backlog_quarantine_id,'
          ' ''foreign_key'', ''23503'', $3, $4, left(concat_ws('', '', %s), 200), $5,'
          ' case when $6 = ''dead_letter_item'' and r.backlog_item_id is null'
          ' then ''quarantine_row'' else $6 end %s',
        v_key.ours, v_bad
      )
      using p_load_id, p_table.pipeline_table_id, v_key.constraint_name,
        array_to_string(v_key.column_names, ', '),
        format('no such row in %s', v_key.parent_table), p_table.on_foreign_key;
    end if;
  end loop;
end;
$$;

comment on function backlog_internal.judge_foreign_keys(bigint, backlog_internal.pipeline_table) is
  $$Judge foreign keys against the stable parents and those that this load brings and has accepted.$$;
