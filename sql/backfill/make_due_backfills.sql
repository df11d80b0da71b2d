create or replace function backlog_internal.make_due_backfills()
  returns int
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now      timestamptz := backlog_internal.clock();
  v_schedule backlog_internal.backfill_schedule;
  v_id       bigint;
  v_error    text;
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
    v_error := null;
    begin
      v_id := backlog_internal.make_backfill(
        backlog_internal.backfill_defaults() || v_schedule.options, v_schedule.created_by::name
      );
      v_made := v_made + 1;
    exception
      -- One schedule that no longer works must be visible, and must not keep house from being kept.
      when others then
        v_id := v_schedule.last_backfill_id;
        v_error := format('%s (%s)', sqlerrm, sqlstate);
    end;
    update backlog_internal.backfill_schedule as s
    set
      last_backfill_id = v_id,
      last_error = v_error,
      -- Periods that were missed are not made up for.
      next_at = case
        when v_schedule.next_at + v_schedule.every > v_now then v_schedule.next_at + v_schedule.every
        else v_now + v_schedule.every
      end
    where s.schedule_id = v_schedule.schedule_id;
  end loop;
  return v_made;
end;
$$;

comment on function backlog_internal.make_due_backfills() is
  $$Make the backfills that are due by schedule; return how many. What went wrong is kept with the schedule.$$;
