create or replace function backlog_internal.loosen_own_keys(p_table backlog_internal.pipeline_table)
  returns backlog_internal.pipeline_table
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_table backlog_internal.pipeline_table := p_table;
  v_key   record;
begin
  for v_key in
    select f.*
    from backlog_internal.pipeline_foreign_keys(p_table.pipeline_id) as f
    where f.pipeline_table_id = p_table.pipeline_table_id
      and f.parent_table = p_table.stable_table
      and f.is_filled
  loop
    if v_key.is_deferrable then
      execute format('set constraints %s deferred', (
        select format('%I.%I', n.nspname, k.conname)
        from pg_constraint as k
        join pg_namespace as n on n.oid = k.connamespace
        where k.conrelid = p_table.stable_table
          and k.conname = v_key.constraint_name
      ));
    elsif v_key.is_nullable and p_table.mode <> 'append' and not v_key.column_names && p_table.key_columns then
      v_table.late_columns := v_table.late_columns || v_key.column_names;
    else
      return null;
    end if;
  end loop;
  return v_table;
end;
$$;

comment on function backlog_internal.loosen_own_keys(backlog_internal.pipeline_table) is
  $$Let the rows of a table be merged in any order although they refer to each other; null if they cannot be.

Returns the table with the columns that have to be left out.$$;
