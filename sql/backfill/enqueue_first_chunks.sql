create or replace function backlog_internal.enqueue_first_chunks(p_backfill backlog_internal.backfill)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform backlog_internal.enqueue_chunks(p_backfill.backfill_id, array(
    select c.chunk_id
    from (
      select c.chunk_id, c.kind, row_number() over (partition by c.kind order by c.chunk_id) as place
      from backlog_internal.backfill_chunk as c
      where c.backfill_id = p_backfill.backfill_id
    ) as c
    where c.kind <> 'range'
      or c.place <= p_backfill.workers
  ));
end;
$$;

comment on function backlog_internal.enqueue_first_chunks(backlog_internal.backfill) is
  $$Give the first chunks of a new backfill their retry items: a range for each worker, and all that are no ranges.

The next range follows when one is cut, behind what was cut off: so keys are copied in their order, which
fills the pages of the destination's indexes and leaves none half empty.$$;
