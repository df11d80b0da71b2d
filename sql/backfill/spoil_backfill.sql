create or replace function backlog_internal.spoil_backfill(
  p_backfill_id bigint,
  p_item_id bigint,
  p_lock_token bigint,
  p_reason text
)
  returns jsonb
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_backfill backlog_internal.backfill := backlog_internal.find_backfill(p_backfill_id, true);
begin
  perform backlog_internal.drop_chunk_item(p_item_id, p_lock_token, p_reason);
  if v_backfill.state in ('PENDING', 'EXECUTING') then
    perform backlog_internal.end_backfill(p_backfill_id, 'FAILED', p_reason);
    v_backfill.state := 'FAILED';
  end if;
  return jsonb_build_object('state', v_backfill.state, 'phase', v_backfill.phase);
end;
$$;

comment on function backlog_internal.spoil_backfill(bigint, bigint, bigint, text) is
  $$Fail a backfill because of what became of one of its chunks, which is not counted; return its state.$$;
