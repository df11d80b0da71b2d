create or replace function backlog.preview_load(p_pipeline text)
  returns jsonb
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  return backlog_internal.execute_load(backlog_internal.find_pipeline(p_pipeline), true);
end;
$$;

comment on function backlog.preview_load(text) is
  $$Tell what a load would do, by doing all of it and undoing it. Return the account as JSON.

The object has the outcome, the counts of each table under tables, and under problems the verdicts by
rule with an example each. It takes as long as the load and the same locks. Triggers and sequences of
the stable tables do what they always do; sequence numbers are used up.

Raises PB101 when there is no such pipeline, PB103 when a load of it is running.$$;
