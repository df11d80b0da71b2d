create or replace function backlog_internal.mend_chunks(p_backfill backlog_internal.backfill)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- The retry engine gives an item up by itself when its worker died too often.
  update backlog_internal.backfill_chunk as c
  set
    state = 'FAILED',
    error = d.error,
    error_code = d.error_code,
    finished_at = d.died_at
  from backlog_internal.dead_letter as d
  where c.backfill_id = p_backfill.backfill_id
    and c.state = 'PENDING'
    and d.id = c.item_id;
  -- And somebody may have cancelled one by hand.
  perform backlog_internal.enqueue_chunks(p_backfill.backfill_id);
end;
$$;

comment on function backlog_internal.mend_chunks(backlog_internal.backfill) is
  $$Bring the chunks of a backfill in line with their retry items: dead ones failed, lost ones are made anew.$$;
