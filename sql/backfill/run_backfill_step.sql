create or replace function backlog.run_backfill_step(p_backfill_id bigint = null, p_limit int = 1)
  returns jsonb
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_done   jsonb;
  v_chunks int := 0;
  v_rows   bigint := 0;
begin
  if p_limit is null or p_limit < 1 then
    raise exception using
      errcode = 'PB003',
      message = 'limit must be positive',
      hint = 'One chunk for each call, the default, gives the shortest transactions.';
  end if;
  if p_backfill_id is not null then
    perform backlog_internal.find_backfill(p_backfill_id);
  end if;

  loop
    v_done := backlog_internal.step_any(p_backfill_id);
    v_chunks := v_chunks + 1;
    v_rows := v_rows + coalesce((v_done ->> 'rows')::bigint, 0);
    exit when v_chunks >= p_limit or not (v_done ->> 'more')::boolean
      or v_done ->> 'action' in ('wait', 'planned', 'split');
  end loop;
  return v_done || jsonb_build_object('steps', v_chunks, 'rows', v_rows);
end;
$$;

comment on function backlog.run_backfill_step(bigint, int) is
  $$Copy the next chunk of a backfill whose destination is a table, of any one if p_backfill_id is null.

One chunk is one transaction, with its checkpoint and the end of its retry item: call it again and again,
from psql (\watch), pg_cron or several sessions at once, as long as "more" is true. Returns a document:
action (copied, planned, split, retry, failed, finished, wait, idle), more, backfill_id, chunk_id, rows,
written, refused, reason (of a wait or failure), wait_seconds (when to look again). p_limit chunks share one
transaction, if you wish.

Rows and checkpoint are committed together, so a session that only does this may set synchronous_commit to off:
a crash takes back both, and they are copied again. What others act on is on disk nevertheless: the end of a
backfill, rows of foreign tables, and events that a hook gets.

Raises PB301 when there is no such backfill, PB003 when p_limit is not positive.$$;
