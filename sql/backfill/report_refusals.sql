create or replace function backlog_internal.report_refusals(p_refusals backlog_internal.incident[])
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_size int := greatest(backlog_internal.setting('event_max_records')::int, 100);
begin
  perform backlog_internal.open_incidents(p_refusals[n.first : n.first + v_size - 1])
  from generate_series(1, cardinality(p_refusals), v_size) as n (first);
end;
$$;

comment on function backlog_internal.report_refusals(backlog_internal.incident[]) is
  $$Open the incidents of rows that a destination refused, with their events, in slices.$$;
