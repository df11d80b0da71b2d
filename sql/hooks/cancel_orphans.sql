create or replace function backlog_internal.cancel_orphans(p_limit int)
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_turns bigint;
  v_items bigint;
begin
  -- Written by transactions that still saw a hook which was dropped meanwhile.
  delete from backlog_internal.hook_turn as t
  where not exists (select from backlog_internal.hook as h where h.hook_id = t.hook_id);
  get diagnostics v_turns = row_count;
  delete from backlog_internal.hook_head as d
  where not exists (select from backlog_internal.hook as h where h.hook_id = d.hook_id);

  select count(*) filter (where backlog.cancel_retry_item(o.id, 'the hook was dropped'))
  into v_items
  from (
    select r.id
    from backlog_internal.retry_lane as l
    join backlog_internal.retry_ready as r on r.lane_id = l.lane_id
    where starts_with(l.event_type, 'hook.')
      and l.event_type <> 'hook.expand'
      and not exists (select from backlog_internal.hook as h where h.event_type = l.event_type)
    limit p_limit
  ) as o;
  return v_turns + v_items;
end;
$$;

comment on function backlog_internal.cancel_orphans(int) is
  $$Cancel deliveries to hooks that are gone; return how many.$$;
