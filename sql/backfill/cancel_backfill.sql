create or replace function backlog.cancel_backfill(p_backfill_id bigint, p_reason text = null)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_backfill backlog_internal.backfill := backlog_internal.find_backfill(p_backfill_id, true);
begin
  if v_backfill.state not in ('PENDING', 'EXECUTING') then
    raise exception using
      errcode = 'PB303',
      message = format('backfill %s is %s and cannot be cancelled', p_backfill_id, v_backfill.state),
      hint = 'Only one that is PENDING or EXECUTING can.';
  end if;
  perform backlog_internal.end_backfill(p_backfill_id, 'CANCELLED', p_reason);
end;
$$;

comment on function backlog.cancel_backfill(bigint, text) is
  $$Cancel a backfill at the edge of a batch: what is being copied is finished and counted, nothing is begun.

What was copied stays. backlog.resume_backfill goes on from there.

Raises PB301 when there is none, PB303 when it has ended.$$;
