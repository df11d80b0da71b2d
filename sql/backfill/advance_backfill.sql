create or replace function backlog_internal.advance_backfill(p_backfill_id bigint)
  returns jsonb
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_backfill backlog_internal.backfill;
  v_open     bigint;
  v_failed   bigint;
begin
  select b.* into v_backfill
  from backlog_internal.backfill as b
  where b.backfill_id = p_backfill_id
    and b.state in ('PENDING', 'EXECUTING')
  for no key update skip locked;
  if not found then
    return jsonb_build_object('action', 'wait', 'reason', 'another worker is busy with it');
  end if;
  perform backlog_internal.mend_chunks(v_backfill);
  select
    count(*) filter (where c.state = 'PENDING'), count(*) filter (where c.state = 'FAILED')
  into v_open, v_failed
  from backlog_internal.backfill_chunk as c
  where c.backfill_id = p_backfill_id
    and c.state in ('PENDING', 'FAILED');
  if v_open > 0 then
    return jsonb_build_object(
      'action', 'wait', 'reason', format('%s chunks are with other workers or wait for a retry', v_open)
    );
  end if;
  if v_failed > 0 then
    perform backlog_internal.end_backfill(
      p_backfill_id, 'FAILED', case v_failed when 1 then '1 chunk' else v_failed || ' chunks' end || ' failed'
    );
    return jsonb_build_object('action', 'finished');
  end if;

  if v_backfill.phase = 'copy' and v_backfill.consistency = 'converge'
    or v_backfill.phase = 'converge'
  then
    return backlog_internal.converge_backfill(v_backfill);
  elsif v_backfill.phase = 'copy' and backlog_internal.needs_settling(v_backfill) then
    if not backlog_internal.is_settled(v_backfill) then
      return jsonb_build_object('action', 'wait', 'reason', 'transactions older than the plan are still open');
    end if;
    perform backlog_internal.add_settle_chunk(v_backfill);
    return jsonb_build_object('action', 'planned');
  end if;
  perform backlog_internal.complete_backfill(v_backfill);
  return jsonb_build_object('action', 'finished');
end;
$$;

comment on function backlog_internal.advance_backfill(bigint) is
  $$Bring a backfill without due chunks to its next phase, or to its end; return what was done.$$;
