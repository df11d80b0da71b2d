create or replace function backlog_internal.reduce_events(
  p_events backlog_internal.event[],
  p_payload text
)
  returns backlog_internal.event[]
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  for v_place in 1 .. cardinality(p_events) loop
    p_events[v_place].records := case p_payload
      when 'keys' then backlog_internal.keys_of(
        p_events[v_place].records, p_events[v_place].pipeline, p_events[v_place].table_name
      )
    end;
  end loop;
  return p_events;
end;
$$;

comment on function backlog_internal.reduce_events(backlog_internal.event[], text) is
  $$Return events as a hook with the payload keys or none gets to see them.$$;
