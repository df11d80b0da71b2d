create or replace function backlog_internal.show_throttle(p_backfill_id bigint, p_reason text)
  returns void
  language sql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
  update backlog_internal.backfill as b
  set
    throttle_reason = p_reason,
    throttled_at = case when p_reason is not null then coalesce(b.throttled_at, backlog_internal.clock()) end
  where b.backfill_id = p_backfill_id
    and b.state in ('PENDING', 'EXECUTING')
    and b.throttle_reason is distinct from p_reason
$$;

comment on function backlog_internal.show_throttle(bigint, text) is
  $$Show in a live backfill what it waits for, and since when; null takes that away.$$;
