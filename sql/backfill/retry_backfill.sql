create or replace function backlog.retry_backfill(p_backfill_id bigint)
  returns int
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_backfill backlog_internal.backfill := backlog_internal.find_backfill(p_backfill_id, true);
begin
  if v_backfill.state in ('COMPLETED', 'CANCELLED') then
    raise exception using
      errcode = 'PB303',
      message = format('backfill %s is %s and has no failed chunks to retry', p_backfill_id, v_backfill.state),
      hint = 'A cancelled one goes on with backlog.resume_backfill.';
  end if;
  if v_backfill.state = 'FAILED' then
    return backlog.resume_backfill(p_backfill_id);
  end if;
  perform backlog_internal.check_fingerprint(v_backfill);
  return backlog_internal.reopen_chunks(p_backfill_id);
end;
$$;

comment on function backlog.retry_backfill(bigint) is
  $$Try the failed chunks of a backfill again, whether it has failed or still runs. Return how many.

Raises PB301 when there is none, PB303 when it is completed or cancelled, PB304 when its table, columns,
key or filters changed since it was planned.$$;
