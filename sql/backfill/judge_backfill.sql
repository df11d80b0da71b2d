create or replace function backlog_internal.judge_backfill(p_backfill_id bigint)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_backfill  backlog_internal.backfill := backlog_internal.find_backfill(p_backfill_id, true);
  v_failed    bigint;
  v_completed bigint;
begin
  select
    count(*) filter (where c.state = 'FAILED'), count(*) filter (where c.state = 'COMPLETED')
  into v_failed, v_completed
  from backlog_internal.backfill_chunk as c
  where c.backfill_id = p_backfill_id;

  if v_backfill.state in ('PENDING', 'EXECUTING')
    and v_failed >= backlog_internal.setting('backfill_breaker_chunks')::bigint
    and v_failed > v_completed
  then
    perform backlog_internal.end_backfill(
      p_backfill_id, 'FAILED',
      format('%s of the %s chunks worked on failed; the rest was not tried', v_failed, v_failed + v_completed)
    );
  end if;
end;
$$;

comment on function backlog_internal.judge_backfill(bigint) is
  $$Stop a backfill when most of its chunks fail: what is wrong is not the rows.$$;
