create or replace function backlog_internal.chunk_sql(
  p_backfill backlog_internal.backfill,
  p_chunk backlog_internal.backfill_chunk
)
  returns text
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select case p_chunk.kind
      when 'whole' then 'true'
      when 'blocks' then backlog_internal.block_sql(p_chunk.lower_key[1], p_chunk.upper_key[1])
      when 'repair' then backlog_internal.repair_sql(p_backfill, p_chunk)
      when 'nulls' then '(' || backlog_internal.quoted_list(p_backfill.key_columns, 's.%I is null', ' or ') || ')'
      else backlog_internal.range_sql(
        p_backfill.key_sql, p_backfill.key_types, p_chunk.lower_key, p_chunk.upper_key, p_backfill.key_is_nullable
      )
    end
    || case when p_chunk.kind = 'settle' then format(
      -- Rows written by transactions that the plan did not see; all others were there to be read. Counted
      -- on the circle of 32 bits, and not by age, so that the text means the same whenever it is run.
      ' and s.xmin::text::bigint > 2 and (s.xmin::text::bigint - %s + 4294967296) %% 4294967296 < 2147483648',
      pg_snapshot_xmin(p_backfill.plan_snapshot)::xid
    ) else '' end
  );
end;
$$;

comment on function backlog_internal.chunk_sql(backlog_internal.backfill, backlog_internal.backfill_chunk) is
  $$Write which rows of the source s belong to a chunk, before any filter.$$;
