create or replace function backlog.load_pipeline(p_pipeline text)
  returns table (
    load_id bigint,
    outcome text,
    items_completed bigint,
    items_failed bigint,
    received bigint,
    inserted bigint,
    updated bigint,
    unchanged bigint,
    deleted bigint,
    rejected bigint,
    parked bigint,
    duplicates bigint,
    outdated bigint,
    error_code text,
    error text
  )
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_pipeline backlog_internal.pipeline := backlog_internal.find_pipeline(p_pipeline);
  v_result   jsonb;
begin
  if v_pipeline.paused_at is not null then
    raise exception using
      errcode = 'PB107',
      message = format('pipeline %L is paused: %s', p_pipeline, coalesce(v_pipeline.pause_reason, 'no reason given')),
      hint = 'backlog.resume_pipeline lets it go on.';
  end if;
  v_result := backlog_internal.execute_load(v_pipeline, false);

  return query
  select
    (v_result ->> 'load_id')::bigint,
    v_result ->> 'outcome',
    coalesce((v_result ->> 'items_completed')::bigint, 0),
    coalesce((v_result ->> 'items_failed')::bigint, 0),
    coalesce(sum(t.received), 0)::bigint,
    coalesce(sum(t.inserted), 0)::bigint,
    coalesce(sum(t.updated), 0)::bigint,
    coalesce(sum(t.unchanged), 0)::bigint,
    coalesce(sum(t.deleted), 0)::bigint,
    coalesce(sum(t.rejected), 0)::bigint,
    coalesce(sum(t.parked), 0)::bigint,
    coalesce(sum(t.duplicates), 0)::bigint,
    coalesce(sum(t.outdated), 0)::bigint,
    v_result ->> 'error_code',
    v_result ->> 'error'
  from jsonb_populate_recordset(
    null::backlog_internal.load_table, coalesce(v_result -> 'tables', '[]')
  ) as t;
end;
$$;

comment on function backlog.load_pipeline(text) is
  $$Move the rows that wait in a pipeline's delta tables to its stable tables: all tables or none.

Judges every row, merges what is accepted in foreign key order, quarantines or parks the rest by the
tables' policies, and completes the retry items whose pages it loaded, in the caller's transaction.
Returns one row of counts; backlog.load_tables has them by table. The outcome is

  loaded   done
  empty    nothing was waiting
  refused  a policy stopped it (PB104): nothing was changed but that the items at fault were reported
           as failed; the others stay staged for the next load
  failed   an error stopped it, given as error_code and error: nothing was changed, everything waits

A refused or failed load does not raise, because its record and the reports on its items must be
committed: look at the outcome.

Raises PB101 when there is no such pipeline, PB103 when a load of it is running or its delta tables are
being written, PB107 when it is paused.$$;
