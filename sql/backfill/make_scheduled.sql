create or replace function backlog_internal.make_scheduled(p_schedule backlog_internal.backfill_schedule)
  returns backlog_internal.backfill_schedule
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  -- Put back at the end of this function, whatever it sets.
  set timezone = 'UTC'
  set datestyle = 'ISO, MDY'
as $$
declare
  v_now      timestamptz := backlog_internal.clock();
  v_schedule backlog_internal.backfill_schedule := p_schedule;
begin
  -- Who scheduled it wrote the times in its filters, and meant days of a time zone.
  perform set_config(s.key, s.value, true) from jsonb_each_text(p_schedule.options -> 'settings') as s;
  v_schedule.last_error := null;
  begin
    v_schedule.last_backfill_id := backlog_internal.make_backfill(
      backlog_internal.backfill_defaults() || p_schedule.options, p_schedule.created_by::name
    );
  exception
    -- One schedule that no longer works must be visible, and must not keep house from being kept.
    when others then
      v_schedule.last_error := format('%s (%s)', sqlerrm, sqlstate);
  end;
  -- Periods that were missed are not made up for.
  v_schedule.next_at := case
    when p_schedule.next_at + p_schedule.every > v_now then p_schedule.next_at + p_schedule.every
    else v_now + p_schedule.every
  end;
  return v_schedule;
end;
$$;
comment on function backlog_internal.make_scheduled(backlog_internal.backfill_schedule) is
  $$Make the backfill of a schedule that is due; return the schedule as it is then.$$;
