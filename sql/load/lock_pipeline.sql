create or replace function backlog_internal.lock_pipeline(p_pipeline_id bigint, p_wait boolean = false)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  -- The first half of the key spells "PBLD"; the second is the pipeline.
  v_space int := 1346522180;
  v_key   int := (p_pipeline_id % 2147483647)::int;
begin
  if p_wait then
    perform pg_advisory_xact_lock(v_space, v_key);
  elsif not pg_try_advisory_xact_lock(v_space, v_key) then
    raise exception using
      errcode = 'PB103',
      message = format('a load of pipeline %L is running', (
        select p.name from backlog_internal.pipeline as p where p.pipeline_id = p_pipeline_id
      )),
      hint = 'Try again when it is done; nothing is lost by waiting.';
  end if;
end;
$$;

comment on function backlog_internal.lock_pipeline(bigint, boolean) is
  $$Take the one right to load a pipeline, until the transaction ends.

Raises PB103 when somebody else has it, unless p_wait.$$;
