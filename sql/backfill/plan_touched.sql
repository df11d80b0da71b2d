create or replace function backlog_internal.plan_touched(p_backfill_id bigint)
  returns boolean
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- Where others write faster than this can follow, it must come to an end all the same.
  if (
    select count(*) <= 1000
    from (
      select from backlog_internal.backfill_touched as t
      where t.backfill_id = p_backfill_id
      limit 1001
    ) as t
  ) or (
    select count(*) >= 50
    from backlog_internal.backfill_chunk as c
    where c.backfill_id = p_backfill_id and c.kind = 'touched'
  ) then
    return false;
  end if;
  perform backlog_internal.add_touched_chunk(p_backfill_id);
  return true;
end;
$$;

comment on function backlog_internal.plan_touched(bigint) is
  $$Add a chunk for the keys that were touched if they are too many to keep writers out for; tell whether one was.$$;
