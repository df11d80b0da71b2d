create or replace function backlog_internal.choose_quarantine(p_filter jsonb, p_limit int, p_lock boolean)
  returns setof backlog_internal.quarantine_row
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_ids bigint[] := backlog_internal.matching_quarantine(p_filter, p_limit);
begin
  if p_lock then
    perform backlog_internal.lock_quarantine(v_ids);
  end if;

  -- A load that was waited for may have settled some.
  return query
  select q.*
  from backlog_internal.quarantine_row as q
  where q.quarantine_row_id = any (v_ids)
    and q.state in ('waiting', 'parked', 'replaying');
end;
$$;

comment on function backlog_internal.choose_quarantine(jsonb, int, boolean) is
  $$Return the open quarantined rows that a filter means, after waiting for running loads if p_lock.

Raises PB003 when the filter has an unknown key or the limit is not positive.$$;
