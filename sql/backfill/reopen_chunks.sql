create or replace function backlog_internal.reopen_chunks(p_backfill_id bigint)
  returns int
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- Their dead letters are done with: the chunk gets a new item.
  perform backlog.discard_dead_letters(jsonb_build_object('id', c.item_id), 1, false, 'chunk tried again')
  from backlog_internal.backfill_chunk as c
  join backlog_internal.dead_letter as d on d.id = c.item_id
  where c.backfill_id = p_backfill_id
    and c.state = 'FAILED';

  update backlog_internal.backfill_chunk as c
  set state = 'PENDING', item_id = null, finished_at = null
  where c.backfill_id = p_backfill_id
    and c.state = 'FAILED';
  return backlog_internal.enqueue_chunks(p_backfill_id);
end;
$$;

comment on function backlog_internal.reopen_chunks(bigint) is
  $$Put the failed and the open chunks of a backfill back into the queue; return how many.$$;
