create or replace function backlog.cancel_backfill(p_backfill_id bigint, p_reason text = null)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform backlog_internal.find_live_backfill(p_backfill_id, 'cancelled');
  perform backlog_internal.end_backfill(p_backfill_id, 'CANCELLED', p_reason);
end;
$$;

comment on function backlog.cancel_backfill(bigint, text) is
  $$Cancel a backfill at the edge of a batch: what is being copied is finished and counted, nothing is begun.

What was copied stays. backlog.resume_backfill goes on from there; but one that converges takes its triggers
off the table, and starts over when it is resumed. Whoever uses the table then is not disturbed: the next
tick takes them off.

Raises PB301 when there is none, PB303 when it has ended.$$;
