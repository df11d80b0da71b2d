create or replace function backlog_internal.add_touched_chunk(p_backfill_id bigint)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  insert into backlog_internal.backfill_chunk (backfill_id, kind, sized, rows_estimated, created_at)
  select p_backfill_id, 'touched', true, count(*), backlog_internal.clock()
  from backlog_internal.backfill_touched as t
  where t.backfill_id = p_backfill_id;
  perform backlog_internal.enqueue_chunks(p_backfill_id);
end;
$$;

comment on function backlog_internal.add_touched_chunk(bigint) is
  $$Add a chunk that copies the keys which were touched, as they are when it is worked on.$$;
