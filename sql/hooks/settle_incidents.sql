create or replace function backlog_internal.settle_incidents(p_limit int)
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now    timestamptz := backlog_internal.clock();
  -- Somewhere among them: when there are very many, each call looks at a part.
  v_start  bigint := floor(random() * coalesce((
    select max(i.incident_id) from backlog_internal.incident as i
  ), 0))::bigint;
  v_ids    bigint[];
  v_over   bigint[];
  v_closed bigint;
  v_ended  bigint := 0;
begin
  v_ids := array(
    select i.incident_id from backlog_internal.incident as i
    where i.state = 'open' and i.incident_id >= v_start
    order by i.incident_id limit p_limit
  ) || array(
    select i.incident_id from backlog_internal.incident as i
    where i.state = 'open' and i.incident_id < v_start
    order by i.incident_id limit p_limit
  );

  update backlog_internal.incident as i
  set
    state = case q.state when 'dismissed' then 'dismissed' else 'resolved' end,
    resolved_at = coalesce(q.closed_at, v_now),
    note = coalesce(i.note, q.note)
  from backlog_internal.incident as c
  left join backlog_internal.quarantine_row as q on q.quarantine_row_id = c.quarantine_row_id
  where c.incident_id = any (v_ids)
    and c.quarantine_row_id is not null
    and (q.quarantine_row_id is null or q.closed_at is not null)
    and i.incident_id = c.incident_id;
  get diagnostics v_closed = row_count;

  v_over := array(
    select c.item_id
    from backlog_internal.incident as c
    where c.incident_id = any (v_ids)
      and c.item_id is not null
      and not exists (select from backlog_internal.retry_item as r where r.id = c.item_id)
      and not exists (select from backlog_internal.dead_letter as d where d.id = c.item_id)
  );
  -- The history is large: one look for all of them, and none when there is nothing to find.
  if v_over <> '{}' then
    update backlog_internal.incident as i
    set
      state = case when e.outcome in ('discarded', 'cancelled') then 'dismissed' else 'resolved' end,
      resolved_at = coalesce(e.finished_at, v_now),
      note = coalesce(i.note, case when e.outcome <> 'completed' then e.error end)
    from unnest(v_over) as u (item_id)
    left join (
      select distinct on (h.id) h.id, h.outcome, h.finished_at, h.error
      from backlog_internal.retry_history as h
      where h.id = any (v_over)
        and h.outcome in ('completed', 'cancelled', 'discarded')
      order by h.id, h.finished_at desc
    ) as e on e.id = u.item_id
    where i.item_id = u.item_id
      and i.state = 'open';
    get diagnostics v_ended = row_count;
  end if;
  return v_closed + v_ended;
end;
$$;

comment on function backlog_internal.settle_incidents(int) is
  $$Keep what became of incidents whose quarantined row or dead letter is over, before that is removed.

Returns how many there were.$$;
