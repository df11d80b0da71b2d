create or replace function backlog_internal.hold_tables(p_backfill backlog_internal.backfill)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_name text;
begin
  foreach v_name in array array_remove(array[p_backfill.source_table::text, p_backfill.target_table::text], null) loop
    begin
      -- Locks it and reads nothing; a view or a foreign table could not be locked by name.
      execute format('select from only %s where false', v_name);
    exception
      -- Renamed or dropped since its name was written here; of one that is gone only a number is left.
      when undefined_table or syntax_error or invalid_schema_name then
        null;
    end;
  end loop;
end;
$$;
comment on function backlog_internal.hold_tables(backlog_internal.backfill) is
  $$Keep source and destination as they are until the transaction ends; look at the fingerprint after that.
Statements name tables: one that waits for whoever puts another table in its place would go on with that one.$$;
