create or replace function backlog_internal.backfill_conditions()
  returns text
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_condition backlog_internal.backfill_condition;
  v_reason    text;
begin
  for v_condition in
    select c.* from backlog_internal.backfill_condition as c order by c.name
  loop
    begin
      execute format(E'select c.reason::text from (%s\n) as c (reason) limit 1', v_condition.query) into v_reason;
    exception
      -- A condition that cannot be asked counts as bad news, and says so.
      when others then
        v_reason := sqlerrm;
    end;
    if v_reason is not null then
      return format('condition %s: %s', v_condition.name, v_reason);
    end if;
  end loop;
  return null;
end;
$$;

comment on function backlog_internal.backfill_conditions() is
  $$Return the reason of the first condition of users that asks backfills to wait; null when none does.$$;
