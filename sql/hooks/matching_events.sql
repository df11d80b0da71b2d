create or replace function backlog_internal.matching_events(p_hook backlog_internal.hook, p_filter jsonb)
  returns setof backlog_internal.event
  language sql
  stable
as $$
  select e.*
  from backlog_internal.event as e
  where e.kind = p_hook.kind
    and (p_hook.pipelines is null or e.pipeline = any (p_hook.pipelines))
    and (p_hook.mode = 'bulk' or e.records is not null)
    and e.created_at >= coalesce((p_filter ->> 'from')::timestamptz, '-infinity')
    and e.created_at < coalesce((p_filter ->> 'to')::timestamptz, 'infinity')
    and (not p_filter ? 'event_ids' or p_filter -> 'event_ids' @> to_jsonb(e.event_id))
    and (not p_filter ? 'first_event_id' or e.first_event_id = (p_filter -> 'first_event_id')::bigint)
    and (not p_filter ? 'undelivered' or p_hook.hook_id <> all (e.hook_ids))
$$;

comment on function backlog_internal.matching_events(backlog_internal.hook, jsonb) is
  $$Return the kept events that a hook wants and a filter lets through.

p_filter has any of from, to, event_ids, first_event_id and undelivered. Written so that the planner can
inline it.$$;
