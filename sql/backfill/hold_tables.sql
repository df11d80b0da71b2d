create or replace function backlog_internal.hold_tables(p_backfill backlog_internal.backfill)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_sql text;
begin
  for v_sql in
    -- Whatever is no table cannot be locked by name, but by a query that reads nothing.
    select format(
      case
        when c.relkind in ('r', 'p') then 'lock table only %s in access share mode'
        else 'select from %s where false'
      end,
      c.oid::regclass
    )
    from pg_class as c
    where c.oid in (p_backfill.source_table, p_backfill.target_table)
  loop
    begin
      execute v_sql;
    exception
      -- Renamed or dropped since its name was written here.
      when undefined_table or invalid_schema_name then
        null;
    end;
  end loop;
end;
$$;

comment on function backlog_internal.hold_tables(backlog_internal.backfill) is
  $$Keep source and destination as they are until the transaction ends; look at the fingerprint after that.

Statements name tables: one that waits for whoever puts another table in its place would go on with that one.$$;
