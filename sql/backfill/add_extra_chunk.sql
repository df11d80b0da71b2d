create or replace function backlog_internal.add_extra_chunk(p_backfill_id bigint)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  insert into backlog_internal.backfill_chunk (backfill_id, kind, created_at)
  values (p_backfill_id, 'extra', backlog_internal.clock());
  perform backlog_internal.enqueue_chunks(p_backfill_id);
end;
$$;

comment on function backlog_internal.add_extra_chunk(bigint) is
  $$Add a chunk that deletes what the destination has and the source does not have, or no longer matches.$$;
