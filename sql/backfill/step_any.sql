create or replace function backlog_internal.step_any(p_backfill_id bigint)
  returns jsonb
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_backfill backlog_internal.backfill;
  v_done     jsonb;
  v_first    jsonb;
begin
  -- By priority; whoever has to wait does not keep others from working.
  for v_backfill in
    select b.*
    from backlog_internal.backfill as b
    where b.state in ('PENDING', 'EXECUTING')
      and b.kind = 'table'
      and (p_backfill_id is null or b.backfill_id = p_backfill_id)
    order by b.priority desc, b.backfill_id
  loop
    v_done := backlog_internal.step_backfill(v_backfill)
      || jsonb_build_object('backfill_id', v_backfill.backfill_id);
    if v_done ->> 'action' <> 'wait' then
      return v_done || jsonb_build_object(
        'more', v_done ->> 'action' <> 'finished' or p_backfill_id is null and exists (
          select from backlog_internal.backfill as b
          where b.state in ('PENDING', 'EXECUTING') and b.kind = 'table'
        )
      );
    end if;
    v_first := coalesce(v_first, v_done);
  end loop;
  return coalesce(
    v_first || jsonb_build_object('more', (v_first ->> 'paused') is null, 'wait_seconds', 1),
    jsonb_build_object('action', 'idle', 'more', false)
  );
end;
$$;

comment on function backlog_internal.step_any(bigint) is
  $$Work one chunk of a backfill, or of the first that does not have to wait; return what was done.$$;
