create or replace function backlog_internal.hold_chunks(p_backfill_id bigint, p_states text[])
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform from backlog_internal.backfill_chunk as c
  where c.backfill_id = p_backfill_id
    and c.state = any (p_states)
  order by c.chunk_id
  for update;
end;
$$;

comment on function backlog_internal.hold_chunks(bigint, text[]) is
  $$Keep others from changing the chunks of a backfill that are in one of these states.

Whoever compares several takes one after the other in the order of their ids. Who changes them all at once
calls this before, or the two would wait for each other.$$;
