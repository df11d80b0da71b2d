create or replace function backlog_internal.copy_keys(
  p_backfill backlog_internal.backfill,
  p_limit int,
  out touched bigint,
  out written bigint
)
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_taken record;
begin
  -- Taken before the rows are read: a change after that is noted anew.
  v_taken := backlog_internal.take_touched(p_backfill.backfill_id, p_limit);
  touched := v_taken.touched;
  written := case touched
    when 0 then 0
    else backlog_internal.match_keys(p_backfill, backlog_internal.key_values(p_backfill, v_taken.keys))
  end;
end;
$$;

comment on function backlog_internal.copy_keys(backlog_internal.backfill, int) is
  $$Make the destination equal to the source at up to p_limit of the keys that were touched (null: all).

Returns how many were touched and how many rows were written or deleted.$$;
