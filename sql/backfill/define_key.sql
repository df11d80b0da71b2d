create or replace function backlog_internal.define_key(
  p_backfill backlog_internal.backfill,
  p_key text[]
)
  returns backlog_internal.backfill
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_backfill backlog_internal.backfill := p_backfill;
  v_indexed  boolean;
begin
  select c.relkind in ('r', 'p', 'm') into v_indexed from pg_class as c where c.oid = p_backfill.source_table;
  if not v_indexed and p_key is null then
    select v.key_columns into p_key
    from backlog_internal.backfill_view as v
    where v.source_view = p_backfill.source_table;
  end if;

  if v_indexed then
    select
      case when p_key is null then k.key_columns else k.key_columns[:cardinality(p_key)] end,
      case when p_key is null then k.key_sql else k.key_sql[:cardinality(p_key)] end,
      case when p_key is null then k.key_types else k.key_types[:cardinality(p_key)] end,
      k.is_unique and (p_key is null or cardinality(p_key) = cardinality(k.key_columns)),
      k.is_nullable
    into
      v_backfill.key_columns, v_backfill.key_sql, v_backfill.key_types, v_backfill.key_is_unique,
      v_backfill.key_is_nullable
    from backlog_internal.usable_keys(p_backfill.source_table) as k
    where case
      when p_key is not null then k.key_columns[:cardinality(p_key)] = p_key
      else k.is_unique or k.key_columns[1] = p_backfill.incremental_column
    end
    order by
      k.key_columns[1] is distinct from p_backfill.incremental_column, not k.is_primary,
      not k.is_unique, k.is_nullable, cardinality(k.key_columns), k.key_columns
    limit 1;
    if not found and p_key is not null then
      perform backlog_internal.raise_invalid_backfill(
        format('no index of %s begins with (%s)', p_backfill.source_table, array_to_string(p_key, ', ')),
        'Each chunk would read the whole table. Create a btree index, or leave p_key out.'
      );
    end if;
  elsif p_key is not null then
    -- Nothing is known of how another server or a view finds rows; what its user says must do.
    select
      array_agg(k.name order by k.place), array_agg(format('s.%I', k.name) order by k.place),
      array_agg(format_type(a.atttypid, -1) order by k.place), true, true
    into
      v_backfill.key_columns, v_backfill.key_sql, v_backfill.key_types, v_backfill.key_is_unique,
      v_backfill.key_is_nullable
    from unnest(p_key) with ordinality as k (name, place)
    join pg_attribute as a
      on a.attrelid = p_backfill.source_table and a.attname = k.name and a.attnum > 0
    having count(*) = cardinality(p_key)
      and bool_and(backlog_internal.column_operator(a.atttypid, '>') = 'operator(pg_catalog.>)');
    if not found then
      perform backlog_internal.raise_invalid_backfill(
        format('%s cannot be cut by (%s)', p_backfill.source_table, array_to_string(p_key, ', ')),
        'Name columns of types that PostgreSQL itself can order.'
      );
    end if;
  end if;

  if v_backfill.key_columns is null then
    v_backfill.key_columns := array[]::text[];
    v_backfill.key_sql := array[]::text[];
    v_backfill.key_types := array[]::text[];
    v_backfill.key_is_unique := false;
    v_backfill.key_is_nullable := false;
  end if;
  return v_backfill;
end;
$$;

comment on function backlog_internal.define_key(backlog_internal.backfill, text[]) is
  $$Settle by which columns the chunks of a backfill are cut.

Those asked for, else the incremental column if an index begins with it, else the primary key, else a
unique index. None means that the table is one chunk. A key need not be unique: equal rows stay together.

Raises PB302 when the columns asked for do not begin any index.$$;
