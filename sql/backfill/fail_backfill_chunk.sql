create or replace function backlog.fail_backfill_chunk(
  p_item_id bigint,
  p_lock_token bigint,
  p_error text,
  p_error_code text = null,
  p_retry_after int = null
)
  returns text
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_chunk   backlog_internal.backfill_chunk;
  v_outcome text;
begin
  perform backlog_internal.check_lease(p_item_id, p_lock_token);
  v_chunk := backlog_internal.find_leased_chunk(p_item_id);
  if v_chunk.chunk_id is null then
    select f.outcome into v_outcome
    from backlog.fail_retry_items(
      array[p_item_id], array[p_lock_token], array[p_error], array[p_error_code], array[p_retry_after]
    ) as f;
    return v_outcome;
  end if;
  v_chunk.lock_token := p_lock_token;
  v_outcome := backlog_internal.fail_chunk(
    backlog_internal.find_backfill(v_chunk.backfill_id), v_chunk, p_error, p_error_code, p_retry_after
  );
  if v_outcome = 'dead_letter' then
    perform backlog_internal.end_chunk(v_chunk.backfill_id);
  end if;
  return v_outcome;
end;
$$;

comment on function backlog.fail_backfill_chunk(bigint, bigint, text, text, int) is
  $$Record that a writer could not copy a chunk; return retry or dead_letter, as the failure rules decide.

A chunk that is given up is FAILED; backlog.retry_backfill tries it again.

Raises PB001 when the lease was lost, PB002 when there is no such item.$$;
