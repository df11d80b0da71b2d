create or replace function backlog_internal.find_snapshot(
  p_backfill backlog_internal.backfill,
  p_chunk backlog_internal.backfill_chunk
)
  returns jsonb
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_loss text := backlog_internal.snapshot_loss(p_backfill);
begin
  if v_loss is null and p_backfill.snapshot_number > 1 and (
    p_chunk.attempts = 0 or p_chunk.started_at >= p_backfill.snapshot_at
  ) and exists (
    select
    from backlog_internal.backfill_chunk as c
    join backlog_internal.retry_item as i on i.id = c.item_id
    where c.backfill_id = p_backfill.backfill_id
      and c.state = 'PENDING'
      and c.attempts > 0
      and c.started_at < p_backfill.snapshot_at
  ) then
    -- Its worker may have died after the destination had it; then nothing else may go there.
    return jsonb_build_object('action', 'wait', 'reason', 'chunks that were begun in a snapshot now lost come first');
  elsif v_loss is null then
    return jsonb_build_object('name', p_backfill.snapshot_name, 'number', p_backfill.snapshot_number);
  elsif backlog_internal.has_copied(p_backfill.backfill_id) then
    return jsonb_build_object('action', 'drop', 'reason', format(
      '%s, and what is left cannot be read as of then. Create a new backfill.', v_loss
    ));
  end if;
  return jsonb_build_object(
    'action', 'hold', 'reason', v_loss, 'backfill_id', p_backfill.backfill_id,
    'number', p_backfill.snapshot_number + 1
  );
end;
$$;

comment on function backlog_internal.find_snapshot(
  backlog_internal.backfill, backlog_internal.backfill_chunk
) is
  $$Return name and number of the snapshot in which a chunk is to be read.

Else the document has an action: hold, take one, as long as nothing was copied in another one; drop, since
then the backfill cannot be brought to its end; or wait.$$;
