create or replace view backlog.incidents as
select
  i.incident_id,
  i.pipeline,
  i.table_name,
  case
    when i.state <> 'open' then i.state
    when i.quarantine_row_id is not null then
      case
        when q.state in ('waiting', 'parked') then 'open'
        when q.state = 'replaying' then 'replaying'
        when q.state = 'dismissed' then 'dismissed'
        else 'resolved'
      end
    when i.item_id is not null then
      case
        when d.id is not null then 'open'
        when r.id is not null then 'replaying'
        else 'resolved'
      end
    else i.state
  end as state,
  i.critical,
  i.critical_because,
  coalesce(v.message, i.error) as error,
  coalesce(v.sql_state, i.error_code) as error_code,
  coalesce(v.constraint_name, i.constraint_name) as constraint_name,
  i.attempt,
  coalesce(i.record, q.row_data, d.event_data, r.event_data) as record,
  i.source,
  i.quarantine_row_id as quarantine_id,
  i.item_id,
  i.load_id,
  i.event_id,
  i.correlation_id,
  i.replay_as,
  coalesce(i.note, q.note) as note,
  coalesce(i.resolved_at, q.closed_at) as resolved_at,
  i.resolved_by,
  i.metadata,
  i.created_at
from backlog_internal.incident as i
left join backlog_internal.quarantine_row as q on q.quarantine_row_id = i.quarantine_row_id
left join backlog_internal.dead_letter as d on d.id = i.item_id
left join backlog_internal.retry_item as r on r.id = i.item_id
left join lateral (
  select w.message, w.sql_state, w.constraint_name
  from backlog_internal.quarantine_violation as w
  where w.quarantine_row_id = i.quarantine_row_id
  -- Not by the plain number: the planner would walk the primary key, row after row.
  order by w.quarantine_violation_id + 0 desc
  limit 1
) as v on true;

comment on view backlog.incidents is
  $$List the writes that failed: the record, the error and what became of it.

An incident is open until somebody resolves or dismisses it with backlog.resolve_incident, or deals with
its quarantined row or dead letter in any other way; while that is being replayed it is replaying.$$;
comment on column backlog.incidents.state is 'open, replaying, resolved or dismissed.';
comment on column backlog.incidents.error is 'What went wrong.';
comment on column backlog.incidents.error_code is 'SQLSTATE, HTTP status or name of the error.';
comment on column backlog.incidents.constraint_name is 'The constraint that was broken.';
comment on column backlog.incidents.record is 'The record that was not written; null when it is not kept any more.';
comment on column backlog.incidents.quarantine_id is 'The quarantined row, if it is one.';
comment on column backlog.incidents.note is 'What a person said about it.';
comment on column backlog.incidents.resolved_at is 'When it was resolved or dismissed.';
