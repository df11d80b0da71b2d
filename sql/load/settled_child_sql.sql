create or replace function backlog_internal.settled_child_sql(
  p_load_id bigint,
  p_pipeline_id bigint,
  p_child regclass,
  p_columns text[]
)
  returns text
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select coalesce((
    select format(
      case
        -- Of a full set, only rows that it contains will be left.
        when w.complete_set and w.received > 0
          then 'not exists (select from (%1$s) as x where %2$s and not x.backlog_deleted and not (%3$s))'
            ' and (c.tableoid, c.ctid) not in (select v.source, v.row_id'
            ' from backlog_internal.load_verdict as v where v.load_id = %4$s'
            ' and v.pipeline_table_id = %5$s and v.action = ''keep'')'
        else 'exists (select from (%1$s) as x where %2$s and (x.backlog_deleted or %3$s))'
      end,
      w.rows_sql,
      backlog_internal.quoted_list(t.key_columns, 'x.%I = c.%I', ' and '),
      case
        when p_columns <@ t.column_names and t.mode <> 'append'
          then backlog_internal.quoted_list(p_columns, 'x.%I is distinct from c.%I', ' or ')
        else 'false'
      end,
      p_load_id,
      t.pipeline_table_id
    )
    from backlog_internal.pipeline_table as t
    join backlog_internal.load_work as w
      on w.pipeline_table_id = t.pipeline_table_id and w.load_id = p_load_id
    where t.pipeline_id = p_pipeline_id
      and t.stable_table = p_child
      and t.key_columns <> '{}'
  ), 'false')
$$;

comment on function backlog_internal.settled_child_sql(bigint, bigint, regclass, text[]) is
  $$Write the condition that the same load deletes a child row c or makes it refer elsewhere.$$;
