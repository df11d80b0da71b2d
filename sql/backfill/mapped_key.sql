create or replace function backlog_internal.mapped_key(p_backfill backlog_internal.backfill)
  returns text[]
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select array_agg(c.target order by k.place)
    from unnest(p_backfill.key_columns) with ordinality as k (name, place)
    left join unnest(p_backfill.column_names, p_backfill.column_sql, p_backfill.target_columns) as c (name, sql, target)
      on c.name = k.name and c.sql = format('s.%I', k.name)
      and (p_backfill.target_table is null or backlog_internal.keeps_values(
        p_backfill.source_table, c.name, p_backfill.target_table, c.target
      ))
    having bool_and(c.target is not null)
  );
end;
$$;

comment on function backlog_internal.mapped_key(backlog_internal.backfill) is
  $$Return what the key by which chunks are cut is called in the destination; null when it is not copied as it is, or
to columns of other types.$$;
