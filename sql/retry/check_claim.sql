create or replace function backlog_internal.check_claim(
  p_worker_id text,
  p_batch_size int,
  p_lock_timeout int,
  p_event_types text[]
)
  returns void
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_problem text := backlog_internal.claim_problem(
    p_worker_id, p_batch_size, p_lock_timeout, p_event_types
  );
begin
  if v_problem is not null then
    raise exception using
      errcode = 'PB003',
      message = v_problem,
      hint = 'Correct the argument; nothing was claimed. Leave event_types null to claim from all.';
  end if;
end;
$$;

comment on function backlog_internal.check_claim(text, int, int, text[]) is
  $$Check the arguments of a claim. Raises PB003 when one is out of range.$$;
