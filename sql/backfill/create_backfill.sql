create or replace function backlog.create_backfill(
  p_pipeline text,
  p_table_name text,
  p_filters jsonb = '[]',
  p_destination jsonb = null,
  p_columns text[] = null,
  p_mapping jsonb = null,
  p_predicate text = null,
  p_consistency text = 'chunk',
  p_batch_size int = null,
  p_scan_size int = null,
  p_workers int = 2,
  p_priority int = 5,
  p_on_error text = 'bisect',
  p_create_target boolean = false,
  p_incremental jsonb = null,
  p_key text[] = null,
  p_start boolean = true
)
  returns bigint
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  return backlog_internal.make_backfill(
    jsonb_build_object(
      'pipeline', p_pipeline, 'table_name', p_table_name, 'filters', p_filters,
      'destination', p_destination, 'columns', p_columns, 'mapping', p_mapping,
      'predicate', p_predicate, 'consistency', p_consistency, 'batch_size', p_batch_size,
      'scan_size', p_scan_size, 'workers', p_workers, 'priority', p_priority, 'on_error', p_on_error,
      'create_target', p_create_target, 'incremental', p_incremental, 'key', p_key, 'start', p_start
    ),
    backlog_internal.caller()
  );
end;
$$;

comment on function backlog.create_backfill(
  text, text, jsonb, jsonb, text[], jsonb, text, text, int, int, int, int, text, boolean, jsonb, text[], boolean
) is
  $$Make a backfill: copy the rows of a table that match the filters to a destination. Return its id.

p_filters is an array of {"column", "operator", "value"}, any number, all of which must hold. Operators:
=, !=, >, <, >=, <=, LIKE, ILIKE, IS NULL, IS NOT NULL, IN, NOT IN, BETWEEN, IS [NOT] DISTINCT FROM.
p_predicate is an immutable SQL expression over the columns besides, named without their table; what neither
PostgreSQL nor an extension provides is for members of the role that backfills run as. For joins and
subqueries read a view that was registered with backlog.register_backfill_view.

p_destination is {"kind": "table", "table": "archive.orders"} for a table of this database or a foreign
table, worked by backlog.run_backfill_step; with p_create_target the table is made from the source's
definition. Any other kind is the name of a writer, with what it needs to know, connections by name.
"mode" is upsert (when the destination has a key that no two rows of the source share) or append, "key" its key
columns, whatever the source has, "shared": true says that rows of others are there too, which comparisons and
repairs leave alone; false that there are none although it has filters. p_columns chooses columns, p_mapping
renames ("a": "b"), leaves out ("a": null) or casts ("a": {"column": "b", "cast": "text"}) them.

Chunks are cut by the primary key, or by p_key, the columns with which an index begins. One writes at
most p_batch_size rows (10,000 by default, 250,000 for Parquet files) and reads at most p_scan_size (ten
times as many by default); p_workers of them are worked on at once.

p_consistency: chunk, each chunk is read as it is at its time, and what was being written when the backfill
was planned is read again at the end; snapshot, all rows as of one moment; converge, keys that change
meanwhile are copied again until the destination is equal. With snapshot a writer's chunks share one
exported snapshot, which its listeners hold, and a table without a key is cut by its blocks; what goes to a
table here, or comes from a view or another server, is one chunk, read by one statement.

p_on_error: bisect refuses the rows at fault and copies the others, fail refuses the chunk. p_incremental,
{"column": "updated_at", "overlap": 300}, reads only what is new since the last run that completed; rows in
which it is null, infinite or no number are not read. Runs of one table to one destination follow each other.
With p_start false it waits for backlog.resume_backfill.

Raises PB101 when there is no such pipeline, PB302 when it cannot work, PB305 when a filter cannot, 42501
when a right is missing.$$;
