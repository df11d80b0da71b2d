create or replace function backlog_internal.block_bounds(
  p_backfill backlog_internal.backfill,
  p_rows bigint
)
  returns text[]
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_blocks bigint;
  v_every  bigint;
begin
  -- A row that changes gets another place, but a snapshot sees it where it was. So only there does a place
  -- tell for good to which chunk a row belongs.
  if p_backfill.snapshot_number is null
    or cardinality(backlog_internal.table_family(p_backfill.source_table)) > 1
    or not exists (
      select from pg_class as c where c.oid = p_backfill.source_table and c.relkind in ('r', 'm')
    )
  then
    return null;
  end if;
  v_blocks := pg_relation_size(p_backfill.source_table) / current_setting('block_size')::int;
  v_every := greatest(
    v_blocks * (case p_backfill.where_sql when 'true' then p_backfill.batch_size else p_backfill.scan_size end)
      / greatest(p_rows, 1),
    -- All are written down at once: of a huge table each gets larger.
    v_blocks / 10000, 1
  );
  return array(select n::text from generate_series(v_every, v_blocks - 1, v_every) as n);
end;
$$;

comment on function backlog_internal.block_bounds(backlog_internal.backfill, bigint) is
  $$Return the blocks with which the chunks of a table without a key begin, but the first; null where a table
cannot be cut so.

Only chunks that share a snapshot can be cut by their blocks, and only if the table has no partitions.$$;
