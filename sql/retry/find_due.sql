create or replace function backlog_internal.find_due(
  p_event_types text[],
  p_now timestamptz,
  p_limit int
)
  returns backlog_internal.due_lane[]
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_due   backlog_internal.due_lane[];
  v_first int;
  v_last  int;
  v_start int;
begin
  v_due := backlog_internal.due_lanes(1, 2147483647, p_event_types, p_now, p_limit);
  if cardinality(v_due) < p_limit then
    return v_due;
  end if;

  -- More lanes are due than can be served at once: begin anywhere, so that none is always first.
  v_first := v_due[1].lane_id;
  select max(l.lane_id) into v_last from backlog_internal.retry_lane as l;
  v_start := v_first + floor(random() * (v_last - v_first + 1))::int;
  v_due := backlog_internal.due_lanes(v_start, v_last, p_event_types, p_now, p_limit);
  if cardinality(v_due) < p_limit then
    v_due := v_due || backlog_internal.due_lanes(
      v_first, v_start - 1, p_event_types, p_now, p_limit - cardinality(v_due)
    );
  end if;
  return v_due;
end;
$$;

comment on function backlog_internal.find_due(text[], timestamptz, int) is
  $$Return pairs of lane and priority that have a due item: all of them, or p_limit from a random lane on.$$;
