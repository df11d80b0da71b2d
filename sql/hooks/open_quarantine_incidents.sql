create or replace function backlog_internal.open_quarantine_incidents(
  p_pipeline text,
  p_quarantine_ids bigint[]
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_size  int := greatest(backlog_internal.setting('event_max_records')::int, 100);
  v_now   timestamptz := backlog_internal.write_clock();
  v_slice int;
begin
  -- A loop, because an event has a table and not too many records.
  for v_slice in select generate_series(0, (cardinality(p_quarantine_ids) - 1) / v_size) loop
    perform backlog_internal.open_incidents(t.incidents)
    from (
      select array_agg(s.incident order by (s.incident).quarantine_row_id) as incidents
      from (
        select row(
          coalesce(i.incident_id, nextval('backlog_internal.incident_incident_id_seq')), null, null,
          p_pipeline, t.name, q.row_data, v.message, v.sql_state, v.constraint_name, q.replays + 1,
          null, 'quarantine', q.quarantine_row_id, null, null, null, false, null, 'open', null,
          null, null, jsonb_strip_nulls(jsonb_build_object('load_id', q.load_id)), v_now
        )::backlog_internal.incident as incident
        from backlog_internal.quarantine_row as q
        join backlog_internal.pipeline_table as t on t.pipeline_table_id = q.pipeline_table_id
        left join backlog_internal.incident as i on i.quarantine_row_id = q.quarantine_row_id
        left join lateral (
          select w.message, w.sql_state, w.constraint_name
          from backlog_internal.quarantine_violation as w
          where w.quarantine_row_id = q.quarantine_row_id
          -- Not by the plain number: the planner would walk the primary key, row after row.
          order by w.quarantine_violation_id + 0 desc
          limit 1
        ) as v on true
        where q.quarantine_row_id = any (p_quarantine_ids[v_slice * v_size + 1 : (v_slice + 1) * v_size])
      ) as s
      group by (s.incident).table_name
    ) as t;
  end loop;
end;
$$;

comment on function backlog_internal.open_quarantine_incidents(text, bigint[]) is
  $$Open an incident for each quarantined row, once its reasons are written; events by table, in slices.

A row that is refused again keeps its incident, with one more attempt.$$;
