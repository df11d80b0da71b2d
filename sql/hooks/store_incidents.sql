create or replace function backlog_internal.store_incidents(
  p_incidents backlog_internal.incident[],
  p_event_id bigint,
  p_reasons jsonb
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_last backlog_internal.incident := p_incidents[cardinality(p_incidents)];
begin
  insert into backlog_internal.incident (
    incident_id, event_id, position, pipeline, table_name, record, error, error_code,
    constraint_name, attempt, correlation_id, source, quarantine_row_id, item_id, load_id,
    replay_as, critical, critical_because, metadata, created_at
  )
  select
    i.incident_id, p_event_id, i.ordinality, i.pipeline, i.table_name,
    case when i.source in ('user', 'backfill') then i.record end,
    case when i.source <> 'quarantine' then i.error end,
    case when i.source <> 'quarantine' then i.error_code end,
    case when i.source <> 'quarantine' then i.constraint_name end,
    i.attempt, i.correlation_id, i.source, i.quarantine_row_id, i.item_id, i.load_id, i.replay_as,
    p_reasons ? i.ordinality::text, p_reasons ->> i.ordinality::text, i.metadata, i.created_at
  from unnest(p_incidents) with ordinality as i
  -- The same row was refused again, or the same item died again: it is the same incident.
  on conflict (incident_id) do update
  set
    event_id = excluded.event_id,
    position = excluded.position,
    error = excluded.error,
    error_code = excluded.error_code,
    attempt = excluded.attempt,
    critical = excluded.critical,
    critical_because = excluded.critical_because,
    state = 'open',
    resolved_at = null;

  if v_last.pipeline is not null then
    insert into backlog_internal.failure_count
      (pipeline, failures, last_failure_at, last_error, last_error_code)
    values (
      v_last.pipeline, cardinality(p_incidents), backlog_internal.clock(), left(v_last.error, 2000),
      v_last.error_code
    );
  end if;
end;
$$;

comment on function backlog_internal.store_incidents(backlog_internal.incident[], bigint, jsonb) is
  $$Write the rows of incidents that an event told of, and count them. p_reasons says by place which are critical.$$;
