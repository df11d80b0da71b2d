create or replace function backlog_internal.tick_backfill()
  returns jsonb
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_backfill backlog_internal.backfill;
  v_id       bigint;
  v_reason   text;
  v_made     int;
begin
  v_made := backlog_internal.make_due_backfills();

  for v_backfill in
    select b.*
    from backlog_internal.backfill as b
    where b.state in ('PENDING', 'EXECUTING')
      and b.paused_at is null
      and exists (
        select from backlog_internal.backfill_chunk as c
        where c.backfill_id = b.backfill_id and c.state = 'PENDING'
      )
      and (
        exists (
          select from backlog_internal.backfill_chunk as c
          join backlog_internal.dead_letter as d on d.id = c.item_id
          where c.backfill_id = b.backfill_id and c.state = 'PENDING'
        )
        -- Its items may have been cancelled by hand, or by a worker who had not heard of its resumption.
        or not exists (
          select from backlog_internal.backfill_chunk as c
          join backlog_internal.retry_item as i on i.id = c.item_id
          where c.backfill_id = b.backfill_id and c.state = 'PENDING'
        )
      )
    for no key update skip locked
  loop
    perform backlog_internal.mend_chunks(v_backfill);
    perform backlog_internal.judge_backfill(v_backfill.backfill_id);
  end loop;

  -- With no chunk open there is no retry item either that would have a worker come by. That of an empty table
  -- has none from the beginning.
  for v_id in
    select b.backfill_id
    from backlog_internal.backfill as b
    where b.state in ('PENDING', 'EXECUTING')
      and b.paused_at is null
      and not exists (
        select from backlog_internal.backfill_chunk as c
        where c.backfill_id = b.backfill_id and c.state = 'PENDING'
      )
    for no key update skip locked
  loop
    v_reason := null;
    begin
      v_reason := backlog_internal.advance_backfill(v_id) ->> 'reason';
    exception
      -- The next tick tries again.
      when serialization_failure or deadlock_detected or lock_not_available or active_sql_transaction then
        v_reason := format('%s (%s)', sqlerrm, sqlstate);
      when others then
        perform backlog_internal.end_backfill(v_id, 'FAILED', format('%s (%s)', sqlerrm, sqlstate));
    end;
    perform backlog_internal.show_throttle(v_id, v_reason);
  end loop;
  return jsonb_build_object('backfills_made', v_made);
end;
$$;

comment on function backlog_internal.tick_backfill() is
  $$Make the backfills that are due by schedule, fail chunks whose workers died too often, give chunks
an item where none has one, and bring on backfills that wait for nothing but time.$$;
