create or replace function backlog_internal.tick_backfill()
  returns jsonb
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now      timestamptz := backlog_internal.clock();
  v_schedule backlog_internal.backfill_schedule;
  v_backfill backlog_internal.backfill;
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

  for v_backfill in
    select b.*
    from backlog_internal.backfill as b
    where b.state = 'EXECUTING'
      and b.paused_at is null
      and exists (
        select from backlog_internal.backfill_chunk as c
        join backlog_internal.dead_letter as d on d.id = c.item_id
        where c.backfill_id = b.backfill_id and c.state = 'PENDING'
      )
    for no key update skip locked
  loop
    perform backlog_internal.mend_chunks(v_backfill);
    perform backlog_internal.judge_backfill(v_backfill.backfill_id);
  end loop;

  -- With no chunk open there is no retry item either that would have a worker come by.
  for v_id in
    select b.backfill_id
    from backlog_internal.backfill as b
    where b.state = 'EXECUTING'
      and b.paused_at is null
      and not exists (
        select from backlog_internal.backfill_chunk as c
        where c.backfill_id = b.backfill_id and c.state = 'PENDING'
      )
  loop
    begin
      perform backlog_internal.advance_backfill(v_id);
    exception
      when serialization_failure or deadlock_detected or lock_not_available then
        null;  -- the next tick tries again
      when others then
        perform backlog_internal.end_backfill(v_id, 'FAILED', format('%s (%s)', sqlerrm, sqlstate));
    end;
  end loop;
  return jsonb_build_object('backfills_made', v_made);
end;
$$;

comment on function backlog_internal.tick_backfill() is
  $$Make the backfills that are due by schedule, fail chunks whose workers died too often, and bring on
backfills that wait for nothing but time.$$;
