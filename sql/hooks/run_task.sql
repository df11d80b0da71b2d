create or replace function backlog_internal.run_task(p_task jsonb)
  returns jsonb
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_hook    backlog_internal.hook;
  v_now     timestamptz := backlog_internal.write_clock();
  v_writers jsonb;
begin
  select h.* into v_hook from backlog_internal.hook as h where h.hook_id = (p_task -> 'hook_id')::bigint;
  if not found then
    return null;
  end if;

  if p_task ->> 'task' = 'turns' then
    if backlog_internal.call_first_turns(
      v_hook.hook_id, array(select jsonb_array_elements_text(p_task -> 'keys'))
    ) then
      return null;
    end if;
    return p_task || jsonb_build_object('run_at', v_now + interval '0.1 seconds');
  end if;

  if p_task ->> 'task' = 'beginning' and not p_task ? 'last_event_id' then
    v_writers := backlog_internal.writers_before(p_task -> 'waits_for');
    if v_writers <> '[]' then
      return p_task || jsonb_build_object('waits_for', v_writers, 'run_at', v_now + interval '1 second');
    end if;
    p_task := p_task || jsonb_build_object(
      'last_event_id', (select n.last_value from backlog_internal.event_number as n)
    );
  end if;
  return backlog_internal.deliver_slice(v_hook, p_task - 'run_at', v_now);
end;
$$;

comment on function backlog_internal.run_task(jsonb) is
  $$Do a part of a task that was left for after the commit; return what is left of it, or null.

turns: call the first deliveries of keys. events, replay, beginning: deliver events in slices. A task may
ask to be run not before run_at.$$;
