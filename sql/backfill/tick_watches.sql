create or replace function backlog_internal.tick_watches()
  returns jsonb
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_id    bigint;
  v_ended int := 0;
begin
  for v_id in
    select b.backfill_id
    from backlog_internal.backfill as b
    where b.consistency = 'converge'
      and b.unwatched_at is null
    order by b.backfill_id
    for no key update skip locked
  loop
    if backlog_internal.stop_watching(v_id) then
      v_ended := v_ended + 1;
    end if;
  end loop;
  return jsonb_build_object('watches_ended', v_ended);
end;
$$;

comment on function backlog_internal.tick_watches() is
  $$Take the triggers of backfills that no longer watch off their tables; return how many as JSON.$$;
