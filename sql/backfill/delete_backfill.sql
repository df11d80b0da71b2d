create or replace function backlog.delete_backfill(p_backfill_id bigint)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_backfill backlog_internal.backfill;
begin
  -- In the order of those who end a chunk: the chunk, then its backfill.
  perform from backlog_internal.backfill_chunk as c
  where c.backfill_id = p_backfill_id
    and c.state = 'PENDING'
    and c.item_id is not null
  order by c.chunk_id
  for update;
  v_backfill := backlog_internal.find_backfill(p_backfill_id, true);
  if v_backfill.state in ('FAILED', 'CANCELLED', 'COMPLETED') then
    perform backlog_internal.unwatch_keys(v_backfill);
  end if;
  perform backlog.discard_dead_letters(jsonb_build_object('id', c.item_id), 1, false, 'backfill deleted')
  from backlog_internal.backfill_chunk as c
  join backlog_internal.dead_letter as d on d.id = c.item_id
  where c.backfill_id = p_backfill_id
    and v_backfill.state in ('FAILED', 'CANCELLED', 'COMPLETED');
  perform backlog_internal.close_failed_incident(v_backfill, 'dismissed', 'the backfill was deleted');
  delete from backlog_internal.backfill as b where b.backfill_id = p_backfill_id;
end;
$$;

comment on function backlog.delete_backfill(bigint) is
  $$Delete a backfill that has ended, with its chunks and its log; what was copied stays. A worker that still has a
chunk of it leaves it. The last completed run of an incremental series knows how far that has come: without
it the next one begins anew.

Raises PB301 when there is none, PB303 while it is PENDING or EXECUTING.$$;
