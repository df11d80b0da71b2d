create or replace function backlog_internal.find_failed_incident(p_backfill backlog_internal.backfill)
  returns backlog_internal.incident
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select i.*
  from backlog_internal.incident as i
  where i.state = 'open'
    and i.source = 'backfill'
    and i.correlation_id = 'backfill:' || p_backfill.backfill_id
    and i.metadata ->> 'state' = 'FAILED'
  order by i.incident_id desc
  limit 1
$$;

comment on function backlog_internal.find_failed_incident(backlog_internal.backfill) is
  $$Return the open incident of the failure of a backfill, as opposed to those of rows; null if there is none.$$;
