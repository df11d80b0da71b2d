create or replace function backlog_internal.parent_sql(
  p_load_id bigint,
  p_parent_id bigint,
  p_parent regclass,
  p_columns text[],
  p_parent_columns text[]
)
  returns text
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  with term as (
    select string_agg(format('p.%I = r.%I', n.parent, n.child), ' and ' order by n.place) as joined
    from unnest(p_columns, p_parent_columns) with ordinality as n (child, parent, place)
  ),
  -- Parents that the same load brings; when it brings the full set, there are no others.
  brought as (
    select w.rows_sql, w.complete_set, t.delete_column is not null as may_delete, t.key_columns
    from backlog_internal.load_work as w
    join backlog_internal.pipeline_table as t on t.pipeline_table_id = w.pipeline_table_id
    where w.load_id = p_load_id
      and w.pipeline_table_id = p_parent_id
      and p_parent_columns <@ t.column_names
  )
  select concat_ws(
    ' and ',
    case when b.complete_set is not true then format(
      'not exists (select from %s as p where %s%s)', p_parent, t.joined,
      case when b.may_delete then format(
        ' and not exists (select from (%s) as x where x.backlog_deleted and %s)',
        b.rows_sql,
        backlog_internal.quoted_list(b.key_columns, 'x.%I = p.%I', ' and ')
      ) else '' end
    ) end,
    case when b.rows_sql is not null then format(
      'not exists (select from (%s) as p where not p.backlog_deleted and %s)', b.rows_sql, t.joined
    ) end
  )
  from term as t
  left join brought as b on true
$$;

comment on function backlog_internal.parent_sql(bigint, bigint, regclass, text[], text[]) is
  $$Write the condition that a row r has no parent, neither stable nor brought by the same load.$$;
