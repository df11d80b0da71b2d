create or replace function backlog_internal.store_plan(p_backfill_id bigint)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_backfill backlog_internal.backfill := backlog_internal.find_backfill(p_backfill_id, true);
  v_plan     record;
  v_now      timestamptz := backlog_internal.clock();
  v_chunks   int;
begin
  -- The snapshot first: whoever is in progress now may commit below the end that is frozen next. It lists ids
  -- up to the last one that has ended, so let one end: that of a part of this transaction that is undone.
  begin
    update backlog_internal.backfill as b set planned_at = v_now where b.backfill_id = p_backfill_id;
    raise no_data_found;
  exception
    when no_data_found then
      null;
  end;
  update backlog_internal.backfill as b
  set plan_snapshot = pg_current_snapshot()
  where b.backfill_id = p_backfill_id
    and b.snapshot_number is null;
  v_plan := backlog_internal.plan_chunks(v_backfill);
  -- Nobody is looked for last: of those who began since the snapshot the end shows nothing either.
  update backlog_internal.backfill as b
  set
    planned_at = v_now,
    plan_snapshot = case when backlog_internal.others_write() then b.plan_snapshot end,
    plan_kind = v_plan.plan_kind,
    row_width = v_plan.row_width
  where b.backfill_id = p_backfill_id;

  v_chunks := coalesce(cardinality(v_plan.bounds), 0) + 1;
  insert into backlog_internal.backfill_chunk
    (backfill_id, kind, lower_key, upper_key, rows_estimated, created_at)
  select
    p_backfill_id,
    case when v_plan.plan_kind in ('whole', 'blocks') then v_plan.plan_kind else 'range' end,
    case when n.place > 1 then array[v_plan.bounds[n.place - 1]] end,
    case when n.place < v_chunks then array[v_plan.bounds[n.place]] else v_plan.upper_key end,
    greatest(v_plan.rows_estimated / v_chunks, 1), v_now
  from generate_series(1, v_chunks) as n (place)
  where v_plan.plan_kind = 'whole'
    or v_backfill.snapshot_number is not null
    or v_plan.upper_key is not null
  order by n.place;

  if v_backfill.key_is_nullable and v_plan.plan_kind <> 'whole' then
    insert into backlog_internal.backfill_chunk (backfill_id, kind, sized, rows_estimated, created_at)
    values (
      p_backfill_id, 'nulls', true,
      backlog_internal.estimate_rows(format(
        'select from %s as s where %s', v_backfill.source_table,
        backlog_internal.quoted_list(v_backfill.key_columns, 's.%I is null', ' or ')
      )),
      v_now
    );
  end if;
end;
$$;

comment on function backlog_internal.store_plan(bigint) is
  $$Plan a backfill and write down its chunks; they get their retry items when it starts.

Each bound is the end of one chunk and the beginning of the next, so the chunks cover all keys up to the
end whether or not the statistics are up to date.$$;
