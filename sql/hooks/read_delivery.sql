create or replace function backlog.read_delivery(p_id bigint, p_lock_token bigint)
  returns table (
    hook text, event_type text, language text, sql_function text, ordered boolean, event_data jsonb
  )
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  return query
  select h.name, l.event_type, h.language, h.sql_function, h.order_key is not null, i.event_data
  from backlog_internal.retry_item as i
  join backlog_internal.retry_lane as l on l.lane_id = i.lane_id
  join backlog_internal.retry_lease as s
    on s.token = p_lock_token
    and s.lane_id = i.lane_id
    and s.ids @> array[i.id]
  left join backlog_internal.hook as h on h.event_type = l.event_type
  where i.id = p_id
    and starts_with(l.event_type, 'hook.');
  if not found then
    perform backlog_internal.raise_not_leased(p_id, p_lock_token);
  end if;
end;
$$;

comment on function backlog.read_delivery(bigint, bigint) is
  $$Return a delivery that you hold, with the hook that it is for and the function to call if that is SQL.

Raises PB001 when the lease was lost or the item is no delivery, PB002 when it does not exist.$$;
