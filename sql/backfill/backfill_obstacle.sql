create or replace function backlog_internal.backfill_obstacle(p_backfill backlog_internal.backfill)
  returns text
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_reason text;
begin
  select format('pipeline %s is paused: %s', p.name, coalesce(p.pause_reason, 'no reason given'))
  into v_reason
  from backlog_internal.pipeline as p
  where p.pipeline_id = p_backfill.pipeline_id
    and p.paused_at is not null;
  if v_reason is null then
    select format('backfill %s of the same table and destination comes first', b.backfill_id)
    into v_reason
    from backlog_internal.backfill as b
    where b.series = p_backfill.series
      -- Another worker may have brought it to EXECUTING since it was read.
      and b.backfill_id <> p_backfill.backfill_id
      and b.state in ('PENDING', 'EXECUTING')
      and (b.state = 'PENDING', b.backfill_id) < (p_backfill.state = 'PENDING', p_backfill.backfill_id)
    order by b.backfill_id
    limit 1;
  end if;
  if v_reason is null and (p_backfill.write_mode = 'append' or p_backfill.key_is_nullable)
    and not backlog_internal.is_settled(p_backfill)
  then
    -- What is appended, or has a null in its key, cannot be read again, so late commits are waited for first.
    v_reason := 'transactions older than the plan are still open';
  end if;
  v_reason := coalesce(v_reason, backlog_internal.ask_throttle(p_backfill.source_table));

  if v_reason is distinct from p_backfill.throttle_reason then
    perform backlog_internal.show_throttle(p_backfill.backfill_id, v_reason);
  end if;
  return v_reason;
end;
$$;

comment on function backlog_internal.backfill_obstacle(backlog_internal.backfill) is
  $$Return why the next chunk of a backfill has to wait, and show it there; null when it has not.$$;
