create or replace function backlog.status_report()
  returns jsonb
  language plpgsql
  stable
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  return jsonb_build_object(
    'at', backlog_internal.clock(),
    'version', backlog.version(),
    'retry', backlog_internal.retry_status(),
    'pipelines', backlog_internal.load_status(),
    'hooks', backlog_internal.hook_status(),
    'backfills', backlog_internal.backfill_status(),
    'incidents', backlog_internal.incident_status(),
    'alerts', coalesce((select jsonb_agg(to_jsonb(a)) from backlog.retry_queue_alerts as a), '[]')
  );
end;
$$;

comment on function backlog.status_report() is
  $$Report what waits, what failed and with which errors, what was done today, and what needs attention.

Returns one jsonb document: retry (counts, success rate and processing time since midnight UTC, failing
items by error), pipelines, hooks, backfills (counts, the live ones with what they wait for, those that
failed), incidents (open ones, failures by pipeline) and alerts. pgbacklog status prints it.$$;
