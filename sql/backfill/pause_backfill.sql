create or replace function backlog.pause_backfill(p_backfill_id bigint, p_reason text = null)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform backlog_internal.find_live_backfill(p_backfill_id, 'paused');
  update backlog_internal.backfill as b
  set
    paused_at = coalesce(b.paused_at, backlog_internal.clock()),
    pause_reason = p_reason
  where b.backfill_id = p_backfill_id;
end;
$$;

comment on function backlog.pause_backfill(bigint, text) is
  $$Pause a backfill: chunks that are being worked on are finished, no other is begun until it is resumed.

Raises PB301 when there is none, PB303 when it has ended.$$;
