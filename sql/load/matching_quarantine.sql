create or replace function backlog_internal.matching_quarantine(p_filter jsonb, p_limit int)
  returns bigint[]
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_unknown text;
  v_ids     bigint[];
begin
  select string_agg(k.name, ', ')
  into v_unknown
  from jsonb_object_keys(
    case jsonb_typeof(p_filter) when 'object' then p_filter else '{"(not an object)": null}' end
  ) as k (name)
  where k.name not in (
    'ids', 'pipeline', 'table', 'rule', 'constraint', 'column', 'value', 'item_id', 'load_id', 'state'
  );
  if p_filter is null or v_unknown is not null or p_limit is null or p_limit < 1 then
    raise exception using
      errcode = 'PB003',
      message = format('unknown filter %s or limit %s', coalesce(v_unknown, 'null'), p_limit),
      hint = 'Filter by ids, pipeline, table, rule, constraint, column, value, item_id, load_id or state.';
  end if;

  -- Numbers can be looked up by index; searching the JSON anew for every row is quadratic.
  v_ids := case when p_filter ? 'ids' then array(
    select e.value::bigint
    from jsonb_path_query(p_filter -> 'ids', '$[*]') as e (value)
    where jsonb_typeof(e.value) = 'number'
  ) end;

  return array(
    select q.quarantine_row_id
    from backlog_internal.quarantine_row as q
    join backlog_internal.pipeline as p on p.pipeline_id = q.pipeline_id
    join backlog_internal.pipeline_table as t on t.pipeline_table_id = q.pipeline_table_id
    where q.state in ('waiting', 'parked', 'replaying')
      and q.state = coalesce(p_filter ->> 'state', q.state)
      and (v_ids is null or q.quarantine_row_id = any (v_ids))
      and p.name = coalesce(p_filter ->> 'pipeline', p.name)
      and t.name = coalesce(p_filter ->> 'table', t.name)
      and (not p_filter ? 'item_id' or q.item_id = (p_filter ->> 'item_id')::bigint)
      and (not p_filter ? 'load_id' or q.load_id = (p_filter ->> 'load_id')::bigint)
      and (
        not p_filter ?| array['rule', 'constraint', 'column', 'value']
        or exists (
          select
          from backlog_internal.quarantine_violation as v
          where v.quarantine_row_id = q.quarantine_row_id
            and (not p_filter ? 'rule' or v.rule = p_filter ->> 'rule')
            and (not p_filter ? 'constraint' or v.constraint_name = p_filter ->> 'constraint')
            and (not p_filter ? 'column' or v.column_name = p_filter ->> 'column')
            and (not p_filter ? 'value' or v.value = p_filter ->> 'value')
        )
      )
    order by q.quarantine_row_id
    limit p_limit
  );
end;
$$;

comment on function backlog_internal.matching_quarantine(jsonb, int) is
  $$Find open quarantined rows by a filter, oldest first.

Raises PB003 when the filter has an unknown key or the limit is not positive.$$;
