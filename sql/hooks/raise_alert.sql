create or replace function backlog_internal.raise_alert(
  p_first backlog_internal.incident,
  p_records jsonb,
  p_details jsonb,
  p_reasons jsonb
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_records jsonb;
  v_details jsonb;
begin
  select
    jsonb_agg(p_records -> k.place order by k.place),
    jsonb_agg(
      (p_details -> k.place) || jsonb_build_object('critical_because', k.reasons) order by k.place
    )
  into v_records, v_details
  from (
    select e.key::int - 1 as place, e.value as reasons from jsonb_each_text(p_reasons) as e
  ) as k;

  perform backlog_internal.write_events(
    'alert', p_first.pipeline, p_first.table_name, v_records, jsonb_array_length(v_records),
    p_first.source,
    p_correlation_id => p_first.correlation_id,
    p_metadata => coalesce(p_first.metadata, '{}') || jsonb_build_object(
      'critical_because', (select jsonb_agg(distinct e.value) from jsonb_each(p_reasons) as e)
    ),
    p_details => v_details
  );
  perform backlog_internal.announce('backlog_alert');
end;
$$;

comment on function backlog_internal.raise_alert(backlog_internal.incident, jsonb, jsonb, jsonb) is
  $$Write the alert event of critical incidents and wake whoever listens on backlog_alert.$$;
