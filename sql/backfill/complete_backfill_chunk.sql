create or replace function backlog.complete_backfill_chunk(
  p_item_id bigint,
  p_lock_token bigint,
  p_counts jsonb,
  p_refused jsonb = '[]'
)
  returns jsonb
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_chunk    backlog_internal.backfill_chunk;
  v_backfill backlog_internal.backfill;
  v_refusals backlog_internal.incident[];
  v_problem  text;
begin
  if jsonb_typeof(p_counts) is distinct from 'object' or jsonb_typeof(p_refused) is distinct from 'array' then
    raise exception using
      errcode = 'PB003',
      message = 'the counts must be an object, and the rows refused an array',
      hint = 'Give {"read", "written", "bytes"} and [{"record", "error", "error_code", "constraint"}].';
  end if;
  perform backlog_internal.check_lease(p_item_id, p_lock_token);
  v_chunk := backlog_internal.find_leased_chunk(p_item_id);
  if v_chunk.chunk_id is null then
    raise exception using
      errcode = 'PB301',
      message = format('item %s is of no open chunk', p_item_id),
      hint = 'Its backfill may have been deleted.';
  end if;
  v_backfill := backlog_internal.find_backfill(v_chunk.backfill_id);

  v_chunk.rows_matched := (p_counts ->> 'read')::bigint;
  v_chunk.rows_scanned := case
    when v_backfill.where_sql = 'true' then v_chunk.rows_matched
    else greatest((backlog_internal.count_chunk(v_backfill, v_chunk)).rows_scanned, v_chunk.rows_matched)
  end;
  v_chunk.rows_written := (p_counts ->> 'written')::bigint;
  v_chunk.bytes := (p_counts ->> 'bytes')::bigint;
  v_chunk.rows_refused := jsonb_array_length(p_refused);
  v_chunk.lock_token := p_lock_token;
  v_problem := backlog_internal.reading_problem(v_backfill, p_counts);
  if v_problem is not null then
    return backlog_internal.spoil_backfill(v_backfill.backfill_id, p_item_id, p_lock_token, v_problem);
  end if;
  perform backlog_internal.finish_chunk(v_backfill, v_chunk);
  delete from backlog_internal.backfill_difference as d where d.repair_chunk_id = v_chunk.chunk_id;
  v_refusals := array(
    select backlog_internal.refusal(
      v_backfill, v_chunk, r.refused -> 'record', r.refused ->> 'error', r.refused ->> 'error_code',
      r.refused ->> 'constraint'
    )
    from jsonb_array_elements(p_refused) as r (refused)
  );
  if cardinality(v_refusals) > 0 then
    perform backlog_internal.report_refusals(v_refusals);
  end if;
  return backlog_internal.end_chunk(v_backfill.backfill_id);
end;
$$;

comment on function backlog.complete_backfill_chunk(bigint, bigint, jsonb, jsonb) is
  $$Record that a writer has brought a chunk to its destination, and complete its retry item.

p_counts has read, written and bytes, and snapshot, the number of the snapshot if the order had one.
p_refused has a document for each row that the destination refused, with record, error, error_code and
constraint; each becomes an incident. A chunk that was read in another snapshot than the others, or after
its table was truncated or rewritten, fails the backfill. Emits the checkpoint event. The
last chunk completes the backfill. Returns a document with the state of the backfill.

Raises PB001 when the lease was lost, PB002 when there is no such item, PB003 when a document has the wrong
shape, PB301 when the item is of no open chunk.$$;
