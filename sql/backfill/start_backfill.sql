create or replace function backlog_internal.start_backfill(p_backfill backlog_internal.backfill)
  returns boolean
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if p_backfill.state = 'EXECUTING' then
    return true;
  end if;
  -- Whoever finds the row locked leaves the change of state to the one who holds it.
  perform from backlog_internal.backfill as b
  where b.backfill_id = p_backfill.backfill_id
    and b.state = 'PENDING'
  for no key update skip locked;
  if not found then
    return true;
  end if;
  update backlog_internal.backfill as b
  set
    state = 'EXECUTING',
    reason = null,
    started_at = coalesce(b.started_at, backlog_internal.clock()),
    finished_at = null
  where b.backfill_id = p_backfill.backfill_id;
  return true;
exception
  -- Another one of the series began at this moment.
  when unique_violation then
    return false;
end;
$$;

comment on function backlog_internal.start_backfill(backlog_internal.backfill) is
  $$Bring a backfill from PENDING to EXECUTING; false when another one of its series executes.$$;
