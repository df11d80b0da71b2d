create or replace function backlog_internal.write_large_event(
  p_event backlog_internal.event,
  p_hooks backlog_internal.hook[]
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_size  int := greatest(backlog_internal.setting('event_max_records')::int, 100);
  v_parts int := ceil(jsonb_array_length(p_event.records)::numeric / v_size);
  v_last  bigint;
  v_hook  backlog_internal.hook;
begin
  with part as materialized (
    select
      case p.part when 1 then p_event.event_id else nextval('backlog_internal.event_number') end as id,
      p.*
    from (
      select
        (r.place - 1) / v_size + 1 as part,
        count(*) as records_in_part,
        jsonb_agg(r.value order by r.place) as records,
        case
          when p_event.details is not null then
            jsonb_agg(p_event.details -> (r.place - 1)::int order by r.place)
        end as details
      from jsonb_array_elements(p_event.records) with ordinality as r (value, place)
      group by 1
      order by 1
    ) as p
  ), written as (
    insert into backlog_internal.event
    select
      p.id, p_event.created_at, p_event.kind, p_event.pipeline, p_event.table_name, p.records,
      p.details, p.records_in_part, p_event.event_id, p.part, v_parts, p_event.error,
      p_event.error_code, p_event.constraint_name, p_event.attempt, p_event.correlation_id,
      p_event.source, p_event.source_id, p_event.hook_ids, p_event.metadata
    from part as p
  )
  select max(p.id) into v_last from part as p;

  foreach v_hook in array p_hooks loop
    if v_parts = 1 and v_hook.mode = 'bulk' then
      perform backlog_internal.deliver_events(
        array[p_event], array[v_hook], 5, null, p_event.created_at
      );
    else
      perform backlog_internal.enqueue_expansion(jsonb_build_object(
        'task', 'events', 'hook_id', v_hook.hook_id, 'first_event_id', p_event.event_id,
        'after_event_id', p_event.event_id - 1, 'last_event_id', v_last,
        'oldest_at', p_event.created_at, 'from', p_event.created_at,
        'to', p_event.created_at + interval '1 microsecond'
      ));
    end if;
  end loop;
end;
$$;

comment on function backlog_internal.write_large_event(backlog_internal.event, backlog_internal.hook[]) is
  $$Write an event of many records in parts, and leave their delivery to whoever delivers next.

The writer thus pays for the events alone, however many records and hooks there are.$$;
