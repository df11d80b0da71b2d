create or replace function backlog_internal.judge_missing(
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
  v_found bigint;
  v_again boolean;
begin
  if not exists (
    select
    from backlog_internal.load_work as w
    where w.load_id = p_load_id
      and w.pipeline_table_id = p_table.pipeline_table_id
      and w.complete_set
      and w.received > 0
  ) then
    return;
  end if;

  loop
    v_again := false;
    for v_key in select k.* from backlog_internal.referring_keys(p_load_id, p_table) as k loop
      execute format(
        'insert into backlog_internal.load_verdict (load_id, pipeline_table_id, source, row_id, rule,'
          ' sql_state, constraint_name, column_name, value, message, action, settled)'
          ' select $1, $2, s.tableoid, s.ctid, ''delete'', ''23503'', $3, $4, left(concat_ws('', '', %s), 200),'
          ' $5, $6, $6 = ''keep'''
          ' from %s as s where not exists (select from (%s) as r where %s)'
          ' and exists (select from %s as c where %s and not (%s))'
          ' and (s.tableoid, s.ctid) not in (select v.source, v.row_id from backlog_internal.load_verdict as v'
          '  where v.load_id = $1 and v.pipeline_table_id = $2 and v.rule = ''delete'')',
        backlog_internal.quoted_list(p_table.key_columns, 's.%I'),
        p_table.stable_table,
        v_rows,
        backlog_internal.quoted_list(p_table.key_columns, 's.%I = r.%I', ' and '),
        v_key.child, v_key.joined_sql, v_key.settled_sql
      )
      using p_load_id, p_table.pipeline_table_id, v_key.constraint_name,
        array_to_string(p_table.key_columns, ', '),
        format('the full set lacks it, but rows of %s refer to it', v_key.child),
        case p_table.on_foreign_key when 'refuse_load' then 'refuse_load' else 'keep' end;
      get diagnostics v_found = row_count;
      v_again := v_again or v_found > 0;
    end loop;
    -- Rows that are kept keep what they refer to in their own table.
    exit when not v_again or not exists (
      select
      from pg_constraint as k
      where k.conrelid = p_table.stable_table
        and k.confrelid = p_table.stable_table
        and k.contype = 'f'
    );
  end loop;
end;
$$;

comment on function backlog_internal.judge_missing(bigint, backlog_internal.pipeline_table) is
  $$Judge the stable rows that a full set lacks: those that others refer to are kept, or make the load refuse.$$;
