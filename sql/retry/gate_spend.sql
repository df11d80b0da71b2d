create or replace function backlog_internal.gate_spend(p_gate_id int, p_items int)
  returns void
  language sql
  volatile
begin atomic
  update backlog_internal.retry_gate as g
  set tokens = g.tokens - p_items
  where g.gate_id = p_gate_id
    and g.tokens is not null;
end;

comment on function backlog_internal.gate_spend(int, int) is
  $$Take tokens out of a gate's bucket for items that have passed.$$;
