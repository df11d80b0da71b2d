create or replace function backlog_internal.correct_estimate(p_delta regclass)
  returns boolean
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- Statistics taken while the table was almost empty say that its pages hold next to nothing. The
  -- planner believes that of a million rows as well, and reads a parent once for each.
  if pg_relation_size(p_delta) < 1048576 or not exists (
    select
    from pg_class as c
    where c.oid = p_delta
      and c.reltuples >= 0
      and c.reltuples < c.relpages
  ) then
    return false;
  end if;
  execute format('analyze %s', p_delta);
  return true;
end;
$$;

comment on function backlog_internal.correct_estimate(regclass) is
  $$Take the statistics of a delta table anew when the old ones would mislead; return whether that was so.$$;
