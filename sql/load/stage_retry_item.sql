create or replace function backlog.stage_retry_item(
  p_pipeline text,
  p_id bigint,
  p_worker_id text = null,
  p_lock_token bigint = null
)
  returns text
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_pipeline backlog_internal.pipeline := backlog_internal.find_pipeline(p_pipeline);
  v_token    bigint := backlog_internal.find_token(p_id, p_worker_id, p_lock_token);
  v_item     backlog_internal.staged_item;
  v_outcome  text;
begin
  perform backlog_internal.check_lease(p_id, v_token);
  -- A page without rows is complete as well.
  perform backlog_internal.note_staged(v_pipeline.pipeline_id, p_id, v_token, 0, 0);

  select s.*
  into v_item
  from backlog_internal.staged_item as s
  where s.item_id = p_id;

  if v_item.malformed_count > 0 then
    delete from backlog_internal.staged_item as s
    where s.item_id = p_id;
    select f.outcome
    into v_outcome
    from backlog.fail_retry_items(
      array[p_id], array[v_token],
      array[format(
        'malformed page: %s rows do not fit pipeline %s; see backlog.quarantine', v_item.malformed_count,
        p_pipeline
      )],
      array['PB105']
    ) as f;
    return v_outcome;
  end if;

  update backlog_internal.staged_item as s
  set
    held_token = backlog_internal.hold_retry_item(p_id, v_token, 'pipeline:' || p_pipeline),
    staged_at = backlog_internal.clock()
  where s.item_id = p_id;
  return 'staged';
end;
$$;

comment on function backlog.stage_retry_item(text, bigint, text, bigint) is
  $$Report that all rows of a fetched page are staged. Return staged, dead_letter or retry.

staged: the item has passed from the worker's lease to the pipeline, which completes it in the
transaction that loads its rows. Otherwise rows of the page did not fit, and the item has been reported
as failed with PB105. In each case the worker is done with it. Without a lock token the newest lease of
p_worker_id that covers the item is meant.

Raises PB001 when the lease was lost, PB002 when there is no such item, PB101 when there is no such
pipeline.$$;
