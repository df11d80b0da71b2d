create or replace function backlog_internal.add_settle_chunk(p_backfill backlog_internal.backfill)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- Over all keys, since a late row may have any; but only rows that are new since the plan are copied.
  insert into backlog_internal.backfill_chunk
    (backfill_id, kind, lower_key, upper_key, rows_estimated, created_at)
  select
    p_backfill.backfill_id, 'settle', null,
    (
      select l.upper_key
      from backlog_internal.backfill_chunk as l
      where l.backfill_id = p_backfill.backfill_id and l.kind = 'range'
      order by l.chunk_id desc
      limit 1
    ),
    sum(c.rows_scanned), backlog_internal.clock()
  from backlog_internal.backfill_chunk as c
  where c.backfill_id = p_backfill.backfill_id
    and c.kind = 'range'
  having count(*) > 0;

  update backlog_internal.backfill as b
  set phase = 'settle'
  where b.backfill_id = p_backfill.backfill_id;
  perform backlog_internal.enqueue_chunks(p_backfill.backfill_id);
end;
$$;

comment on function backlog_internal.add_settle_chunk(backlog_internal.backfill) is
  $$Add the pass that reads what was committed late, below the end that a backfill froze.$$;
