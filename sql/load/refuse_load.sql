create or replace function backlog_internal.refuse_load(p_load_id bigint, p_message text, p_action text = null)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_details jsonb;
begin
  -- All that the load wrote is about to be rolled back, this account excepted.
  select jsonb_build_object(
    'outcome', 'refused',
    'error_code', 'PB104',
    'error', p_message,
    'violations', count(*),
    'items', coalesce(jsonb_agg(distinct v.item_id) filter (where v.item_id is not null), '[]'),
    'problems', coalesce(
      jsonb_agg(jsonb_build_object(
        'table', t.name, 'rule', v.rule, 'constraint', v.constraint_name, 'column', v.column_name,
        'value', v.value, 'message', v.message, 'item_id', v.item_id
      )) filter (where v.place <= 20),
      '[]'
    )
  )
  into v_details
  from (
    select v.*, row_number() over (order by v.pipeline_table_id, v.row_id) as place
    from backlog_internal.load_verdict as v
    where v.load_id = p_load_id
      and v.action <> 'drop'
      and (p_action is null or v.action = p_action)
  ) as v
  join backlog_internal.pipeline_table as t on t.pipeline_table_id = v.pipeline_table_id;

  raise exception using
    errcode = 'PB104',
    message = p_message,
    detail = v_details,
    hint = 'See the column problems of backlog.loads.';
end;
$$;

comment on function backlog_internal.refuse_load(bigint, text, text) is
  $$Roll the work of a load back because of its verdicts, or of those with one action.

Raises PB104, always; the detail is a JSON account of the verdicts.$$;
