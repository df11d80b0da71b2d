create or replace function backlog_internal.find_chunk(p_chunk_id bigint)
  returns backlog_internal.backfill_chunk
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_chunk backlog_internal.backfill_chunk;
begin
  select c.* into v_chunk from backlog_internal.backfill_chunk as c where c.chunk_id = p_chunk_id;
  if not found then
    raise exception using
      errcode = 'PB301',
      message = format('there is no chunk %s of a backfill', coalesce(p_chunk_id::text, 'null')),
      hint = 'The view backlog.backfill_chunks lists them.';
  end if;
  return v_chunk;
end;
$$;

comment on function backlog_internal.find_chunk(bigint) is
  $$Return a chunk of a backfill.

Raises PB301 when there is none.$$;
