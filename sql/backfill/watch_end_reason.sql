create or replace function backlog_internal.watch_end_reason(p_backfill backlog_internal.backfill)
  returns text
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_keys  bigint := backlog_internal.setting('backfill_max_touched_keys')::bigint;
  v_since timestamptz := backlog_internal.clock()
    - make_interval(secs => backlog_internal.setting('backfill_watch_seconds')::int);
begin
  if p_backfill.state = 'CANCELLED' then
    return 'it was cancelled';
  elsif p_backfill.state = 'FAILED' and p_backfill.finished_at <= v_since then
    return format('it failed at %s', p_backfill.finished_at);
  end if;

  -- One that is worked on takes what was noted away by itself, once its copy is done.
  if (
    p_backfill.state = 'FAILED'
    or p_backfill.paused_at is not null
    or coalesce(
      (
        select max(c.finished_at)
        from backlog_internal.backfill_chunk as c
        where c.backfill_id = p_backfill.backfill_id
      ),
      p_backfill.planned_at
    ) <= v_since
  ) and (
    -- Ids are counted for all backfills together: a narrow span saves the counting.
    select max(t.touched_id) - min(t.touched_id) >= v_keys
    from backlog_internal.backfill_touched as t
    where t.backfill_id = p_backfill.backfill_id
  ) and exists (
    select from backlog_internal.backfill_touched as t
    where t.backfill_id = p_backfill.backfill_id
    order by t.touched_id
    offset v_keys
  ) then
    return format('more than %s changed keys wait', v_keys);
  end if;
  return null;
end;
$$;

comment on function backlog_internal.watch_end_reason(backlog_internal.backfill) is
  $$Tell why a converging backfill should no longer note what changes; null when it should.$$;
