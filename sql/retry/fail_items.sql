create or replace function backlog_internal.fail_items(
  p_taken backlog_internal.leased_item[],
  p_failures backlog_internal.failure[],
  p_now timestamptz
)
  returns table (id bigint, outcome text, run_at timestamptz)
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  set jit = off
  set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_verdicts backlog_internal.failure_verdict[];
begin
  v_verdicts := array(
    select backlog_internal.judge_item(i, t, f, p_now)
    from unnest(p_taken) as t
    join unnest(p_failures) as f on f.id = t.id
    join backlog_internal.retry_item as i on i.id = t.id and i.lane_id = t.lane_id
    order by i.id
  );

  perform backlog_internal.apply_verdicts(v_verdicts, p_now);

  return query
  select
    v.id,
    case when v.dead_reason is null then 'retry' else 'dead_letter' end,
    case when v.dead_reason is null then v.run_at end
  from unnest(v_verdicts) as v;
end;
$$;

comment on function backlog_internal.fail_items(
  backlog_internal.leased_item[], backlog_internal.failure[], timestamptz
) is
  $$Decide and record what becomes of failed items that were just taken out of their leases.

Returns one row per item: retry with the time, or dead_letter.$$;
