create or replace function backlog_internal.end_dead_letter(
  p_dead backlog_internal.dead_letter,
  p_outcome text,
  p_reason text,
  p_now timestamptz
)
  returns void
  language sql
  volatile
begin atomic
  delete from backlog_internal.dead_letter as d where d.id = p_dead.id;
  insert into backlog_internal.retry_history (
    finished_at, id, lane_id, retry_count, outcome, priority, created_at, event_id, plugin_name,
    correlation_id, error_code, error
  )
  values (
    p_now, p_dead.id, p_dead.lane_id, p_dead.retry_count, p_outcome, p_dead.priority,
    p_dead.created_at, p_dead.event_id, nullif(p_dead.plugin_name, ''), p_dead.correlation_id,
    p_dead.error_code, coalesce(p_reason, p_dead.error)
  );
end;

comment on function backlog_internal.end_dead_letter(
  backlog_internal.dead_letter, text, text, timestamptz
) is
  $$Take a dead letter away and write to the history what became of it.$$;
