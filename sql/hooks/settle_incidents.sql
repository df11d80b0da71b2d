create or replace function backlog_internal.settle_incidents(p_limit int)
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now   timestamptz := backlog_internal.clock();
  -- Somewhere among them: when there are very many, each call looks at a part.
  v_start bigint := floor(random() * coalesce((
    select max(i.incident_id) from backlog_internal.incident as i
  ), 0))::bigint;
  v_rows  bigint;
begin
  with candidate as (
    (
      select i.* from backlog_internal.incident as i
      where i.state = 'open' and i.incident_id >= v_start
      order by i.incident_id limit p_limit
    )
    union all
    (
      select i.* from backlog_internal.incident as i
      where i.state = 'open' and i.incident_id < v_start
      order by i.incident_id limit p_limit
    )
  ), settled as (
    select
      c.incident_id,
      case coalesce(q.state, e.outcome)
        when 'dismissed' then 'dismissed'
        when 'discarded' then 'dismissed'
        when 'cancelled' then 'dismissed'
        else 'resolved'
      end as state,
      coalesce(q.closed_at, e.finished_at, v_now) as at,
      coalesce(q.note, e.error) as note
    from candidate as c
    left join backlog_internal.quarantine_row as q on q.quarantine_row_id = c.quarantine_row_id
    left join lateral (
      select h.outcome, h.finished_at, case when h.outcome <> 'completed' then h.error end as error
      from backlog_internal.retry_history as h
      where h.id = c.item_id
        and h.outcome in ('completed', 'cancelled', 'discarded')
      order by h.finished_at desc
      limit 1
    ) as e on not exists (select from backlog_internal.retry_item as r where r.id = c.item_id)
      and not exists (select from backlog_internal.dead_letter as d where d.id = c.item_id)
    where (c.quarantine_row_id is not null and (q.quarantine_row_id is null or q.closed_at is not null))
      or (
        c.item_id is not null
        and not exists (select from backlog_internal.retry_item as r where r.id = c.item_id)
        and not exists (select from backlog_internal.dead_letter as d where d.id = c.item_id)
      )
  )
  update backlog_internal.incident as i
  set
    state = s.state,
    resolved_at = s.at,
    note = coalesce(i.note, s.note)
  from settled as s
  where i.incident_id = s.incident_id;
  get diagnostics v_rows = row_count;
  return v_rows;
end;
$$;

comment on function backlog_internal.settle_incidents(int) is
  $$Keep what became of incidents whose quarantined row or dead letter is over, before that is removed.

Returns how many there were.$$;
