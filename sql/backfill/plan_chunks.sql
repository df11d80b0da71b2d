create or replace function backlog_internal.plan_chunks(
  p_backfill backlog_internal.backfill,
  out plan_kind text,
  out rows_estimated bigint,
  out row_width int,
  out bounds text[],
  out upper_key text[]
)
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  set datestyle = 'ISO'
  set intervalstyle = 'postgres'
  set extra_float_digits = 1
as $$
declare
  v_bounds text[];
  v_size   numeric;
  v_every  int;
begin
  row_width := coalesce((
    select sum(p.avg_width)
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    join pg_stats as p on p.schemaname = n.nspname and p.tablename = c.relname
      and p.attname = any (p_backfill.column_names) and p.inherited = (c.relkind = 'p')
    where c.oid = p_backfill.source_table
  ), 0)
  -- Of values that are stored out of line the statistics know the pointers only.
  + coalesce((
    select sum(pg_relation_size(c.reltoastrelid)) / greatest(sum(c.reltuples), 1)
    from pg_class as c
    where c.oid = any (backlog_internal.table_family(p_backfill.source_table))
      and c.reltoastrelid <> 0
      and exists (
        select from pg_attribute as a
        where a.attrelid = p_backfill.source_table
          and a.attname = any (p_backfill.column_names)
          and a.attlen = -1
          and a.attstorage <> 'p'
      )
  ), 0);
  rows_estimated := backlog_internal.estimate_rows(format('select from %s', p_backfill.source_table));
  if cardinality(p_backfill.key_columns) = 0 then
    bounds := backlog_internal.block_bounds(p_backfill, rows_estimated);
    plan_kind := case when bounds is null then 'whole' else 'blocks' end;
    return;
  end if;

  -- The end is frozen: rows that are added above it are not this run's business. Where a snapshot decides
  -- that, it is taken later and may see rows above the end of now, so there the last chunk stays open.
  if p_backfill.snapshot_number is null then
    upper_key := backlog_internal.last_key(
      p_backfill,
      backlog_internal.range_sql(p_backfill.key_sql, p_backfill.key_types, null, null, p_backfill.key_is_nullable)
    );
  end if;

  v_bounds := backlog_internal.key_histogram(p_backfill);
  if v_bounds is null then
    plan_kind := 'keyset';
    return;
  end if;
  plan_kind := 'histogram';
  -- Its buckets hold equally many rows each. Some are put together, to be cut to size by key when they
  -- are worked on; enough are left for all workers.
  v_size := (case p_backfill.where_sql when 'true' then p_backfill.batch_size else p_backfill.scan_size end)
    * (cardinality(v_bounds) - 1.0) / greatest(rows_estimated, 1);
  v_every := greatest(1, ceil(v_size), least(v_size * 8, (cardinality(v_bounds) - 1) / (p_backfill.workers * 4)));
  bounds := array(
    select b.value
    from unnest(v_bounds) with ordinality as b (value, place)
    where b.place > 1
      and b.place < cardinality(v_bounds)
      and (b.place - 1) % v_every = 0
    order by b.place
  );
end;
$$;

comment on function backlog_internal.plan_chunks(backlog_internal.backfill) is
  $$Plan the chunks of a backfill: bounds of its leading key column, and the key with which it ends.

Nothing is scanned: bounds come from the planner's histogram, whose buckets hold equally many rows
however the keys are spread. Without one the range is cut while it is worked on.$$;
