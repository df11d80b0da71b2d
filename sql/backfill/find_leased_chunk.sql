create or replace function backlog_internal.find_leased_chunk(p_item_id bigint)
  returns backlog_internal.backfill_chunk
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_chunk backlog_internal.backfill_chunk;
begin
  select c.* into v_chunk
  from backlog_internal.backfill_chunk as c
  where c.item_id = p_item_id
    and c.state = 'PENDING'
  for update;
  if not found then
    -- The item that watches over the end of a backfill has no chunk.
    select (i.event_data ->> 'backfill_id')::bigint into v_chunk.backfill_id
    from backlog_internal.retry_item as i
    join backlog_internal.backfill as b on b.backfill_id = (i.event_data ->> 'backfill_id')::bigint
    where i.id = p_item_id
      and not i.event_data ? 'chunk_id';
  end if;
  return v_chunk;
end;
$$;

comment on function backlog_internal.find_leased_chunk(bigint) is
  $$Find and lock the open chunk of a retry item; only its backfill_id for an item that belongs to a whole
backfill, and nothing when neither is there.$$;
