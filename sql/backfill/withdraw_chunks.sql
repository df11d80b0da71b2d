create or replace function backlog_internal.withdraw_chunks(p_backfill_id bigint, p_reason text)
  returns int
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_item  bigint;
  v_count int := 0;
begin
  -- What somebody works on is left to finish: that is the edge at which a backfill stops. The row in
  -- retry_ready is gone or locked then.
  for v_item in
    select r.id
    from backlog_internal.backfill_chunk as c
    join backlog_internal.retry_item as i on i.id = c.item_id
    join backlog_internal.retry_ready as r
      on r.lane_id = i.lane_id and r.priority = i.priority and r.run_at = i.run_at and r.id = i.id
    where c.backfill_id = p_backfill_id
      and c.state = 'PENDING'
    order by r.id
    for update of r skip locked
  loop
    perform backlog.cancel_retry_item(v_item, p_reason);
    v_count := v_count + 1;
  end loop;
  return v_count;
end;
$$;

comment on function backlog_internal.withdraw_chunks(bigint, text) is
  $$Cancel the retry items of a backfill that nobody works on; return how many.$$;
