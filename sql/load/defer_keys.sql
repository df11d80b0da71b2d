create or replace function backlog_internal.defer_keys(p_pipeline_id bigint, p_deferred boolean)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_keys text;
begin
  select string_agg(format('%I.%I', n.nspname, k.conname), ', ')
  into v_keys
  from backlog_internal.pipeline_table as t
  join pg_constraint as k on k.conrelid = t.stable_table and k.condeferrable
  join pg_namespace as n on n.oid = k.connamespace
  where t.pipeline_id = p_pipeline_id
    and (not p_deferred or k.conname = any (t.deferred_keys));

  if v_keys is not null then
    execute format('set constraints %s %s', v_keys, case when p_deferred then 'deferred' else 'immediate' end);
  end if;
end;
$$;

comment on function backlog_internal.defer_keys(bigint, boolean) is
  $$Put off the check of the foreign keys of a cycle, or have every put-off check done now.

Done inside the load, so that a violation is the load's and not the commit's.$$;
