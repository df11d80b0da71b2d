create or replace function backlog_internal.take_slot(p_backfill backlog_internal.backfill)
  returns boolean
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  for v_slot in 1..p_backfill.workers loop
    if pg_try_advisory_xact_lock(1346522181, ((p_backfill.backfill_id * 64 + v_slot) % 2147483647)::int) then
      return true;
    end if;
  end loop;
  return false;
end;
$$;

comment on function backlog_internal.take_slot(backlog_internal.backfill) is
  $$Take one of a backfill's places for workers until the end of the transaction; false when all are taken.

By lock, because a lease that another transaction has not committed yet cannot be seen.$$;
