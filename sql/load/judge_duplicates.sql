create or replace function backlog_internal.judge_duplicates(
  p_load_id bigint,
  p_table backlog_internal.pipeline_table,
  p_within_pages boolean
)
  returns boolean
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows  text := backlog_internal.load_rows(p_load_id, p_table.pipeline_table_id);
  v_key   text := backlog_internal.quoted_list(p_table.key_columns, 'r.%I');
  -- A row without its key is refused for that, or gets a key of its own.
  v_given text := backlog_internal.quoted_list(p_table.key_columns, 'r.%I is not null', ' and ');
  v_found boolean;
begin
  if v_key = '' then
    return false;
  end if;
  -- Counted, not asked for existence: the planner would hope for an early hit and sort for it.
  execute format(
    'select count(*) > 0 from (select from (%s) as r where %s group by %s having count(*) > 1) as r',
    v_rows, v_given, v_key
  )
  into v_found;
  if not v_found then
    return false;
  end if;

  -- The newest copy wins. An older one is a violation only if it differs from it and stands in the
  -- same page; in another page it is what paging through a changing list brings about.
  execute format(
    'insert into backlog_internal.load_verdict (load_id, pipeline_table_id, source, row_id, item_id,'
      ' quarantine_row_id, rule, sql_state, column_name, value, message, action)'
      ' select $1, $2, r.backlog_source, r.backlog_row, r.backlog_item_id, r.backlog_quarantine_id,'
      ' ''duplicate'', ''23505'', $3, left(concat_ws('', '', %1$s), 200), ''key occurs again in this page'','
      ' case when r.backlog_is_equal then ''drop'' else %2$s end'
      ' from (select r.*, %3$s = first_value(%3$s) over (partition by %4$s order by r.backlog_copy)'
      '  as backlog_is_equal'
      ' from (select r.*, row_number() over (partition by %4$s order by %5$s) as backlog_copy,'
      '  count(*) over (partition by %4$s) as backlog_copies'
      ' from (%6$s) as r where %7$s and %8$s) as r where r.backlog_copies > 1) as r where r.backlog_copy > 1',
    v_key,
    case when p_within_pages then backlog_internal.malformed_action(p_table) else '''drop''' end,
    format('row(%s)::text', backlog_internal.quoted_list(backlog_internal.delta_columns(p_table), 'r.%I')),
    v_key || case when p_within_pages then ', r.backlog_item_id' else '' end,
    backlog_internal.newest_first(p_table),
    v_rows,
    v_given,
    case when p_within_pages then 'r.backlog_item_id is not null' else 'true' end
  )
  using p_load_id, p_table.pipeline_table_id, array_to_string(p_table.key_columns, ', ');
  return true;
end;
$$;

comment on function backlog_internal.judge_duplicates(bigint, backlog_internal.pipeline_table, boolean) is
  $$Find rows with the same key: within pages, where they are violations unless they are equal, or among
all rows of the load, where the older ones are dropped. Return whether there were any.$$;
