create or replace function backlog_internal.incident_status()
  returns jsonb
  language sql
  stable
return jsonb_build_object(
  'open', (select count(*) from backlog.incidents as i where i.state = 'open'),
  'critical', (select count(*) from backlog.incidents as i where i.state = 'open' and i.critical),
  'failures', (
    select coalesce(jsonb_agg(to_jsonb(f) order by f.last_failure_at desc), '[]')
    from backlog.failure_stats as f
  )
);

comment on function backlog_internal.incident_status() is
  $$Return the incidents' part of the status report.$$;
