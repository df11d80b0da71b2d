create or replace function backlog_internal.source_name(p_backfill backlog_internal.backfill)
  returns text
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select coalesce(
      (
        select t.name
        from backlog_internal.pipeline_table as t
        where t.pipeline_id = p_backfill.pipeline_id
          and t.stable_table = p_backfill.source_table
      ),
      p_backfill.source_table::text
    )
  );
end;
$$;

comment on function backlog_internal.source_name(backlog_internal.backfill) is
  $$Name the table that a backfill reads: as its pipeline calls it, else with its schema.$$;
