create or replace function backlog_internal.make_due_backfills()
  returns int
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now      timestamptz := backlog_internal.clock();
  v_schedule backlog_internal.backfill_schedule;
  v_made     int := 0;
begin
  for v_schedule in
    select s.*
    from backlog_internal.backfill_schedule as s
    where s.next_at <= v_now
      and not exists (
        select from backlog_internal.backfill as b
        where b.backfill_id = s.last_backfill_id and b.state in ('PENDING', 'EXECUTING')
      )
    order by s.next_at
    limit 20
    for update skip locked
  loop
    v_schedule := backlog_internal.make_scheduled(v_schedule);
    v_made := v_made + (v_schedule.last_error is null)::int;
    update backlog_internal.backfill_schedule as s
    set
      last_backfill_id = v_schedule.last_backfill_id,
      last_error = v_schedule.last_error,
      next_at = v_schedule.next_at
    where s.schedule_id = v_schedule.schedule_id;
  end loop;
  return v_made;
end;
$$;

comment on function backlog_internal.make_due_backfills() is
  $$Make the backfills that are due by schedule; return how many. What went wrong is kept with the schedule.$$;
