create or replace function backlog_internal.check_table_keys(p_table backlog_internal.pipeline_table)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_constraints text;
begin
  select string_agg(format('%I.%I', n.nspname, k.conname), ', ')
  into v_constraints
  from pg_constraint as k
  join pg_namespace as n on n.oid = k.connamespace
  where k.conrelid = p_table.stable_table
    and k.condeferrable
    -- Foreign keys have been judged; those of a cycle must wait.
    and k.contype <> 'f';

  if v_constraints is not null then
    execute format('set constraints %s immediate', v_constraints);
  end if;
end;
$$;

comment on function backlog_internal.check_table_keys(backlog_internal.pipeline_table) is
  $$Have the put-off checks of one table done now, so that a violation is known to be this table's.$$;
