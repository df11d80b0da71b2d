create or replace function backlog_internal.find_live_backfill(p_backfill_id bigint, p_verb text)
  returns backlog_internal.backfill
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_backfill backlog_internal.backfill := backlog_internal.find_backfill(p_backfill_id, true);
begin
  if v_backfill.state not in ('PENDING', 'EXECUTING') then
    raise exception using
      errcode = 'PB303',
      message = format('backfill %s is %s and cannot be %s', p_backfill_id, v_backfill.state, p_verb),
      hint = 'Only one that is PENDING or EXECUTING can.';
  end if;
  return v_backfill;
end;
$$;

comment on function backlog_internal.find_live_backfill(bigint, text) is
  $$Find a backfill that has not ended, and lock it; p_verb says in an error what cannot be done to it.

Raises PB301 when there is none, PB303 when it has ended.$$;
