create or replace function backlog_internal.choose_columns(
  p_table backlog_internal.pipeline_table,
  p_columns text[]
)
  returns backlog_internal.pipeline_table
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_table   backlog_internal.pipeline_table := p_table;
  v_missing text;
begin
  select array_agg(c.column_name order by c.column_number), array_agg(c.column_number order by c.column_number)
  into v_table.column_names, v_table.column_numbers
  from backlog_internal.stable_columns(p_table.stable_table) as c
  where (p_columns is null or c.column_name = any (p_columns))
    and c.column_name not like 'backlog\_%';

  select max(a.attnum)
  into v_table.last_column_number
  from pg_attribute as a
  where a.attrelid = p_table.stable_table;

  select string_agg(w.name, ', ')
  into v_missing
  from unnest(p_columns || p_table.key_columns || p_table.version_column) as w (name)
  where w.name is not null
    and w.name <> all (coalesce(v_table.column_names, '{}'));

  if v_missing is not null or v_table.column_names is null then
    perform backlog_internal.raise_invalid_pipeline(
      format('%s has no column %s that a load can fill', p_table.stable_table, v_missing),
      'Generated columns fill themselves; names that begin with backlog_ are reserved; key and '
        'version columns must be among p_columns.'
    );
  end if;

  select string_agg(c.column_name, ', ')
  into v_missing
  from backlog_internal.stable_columns(p_table.stable_table) as c
  where c.is_required
    and c.column_name <> all (v_table.column_names);
  if v_missing is not null then
    perform backlog_internal.raise_invalid_pipeline(
      format('%s would miss its required column %s', p_table.stable_table, v_missing),
      'Add the column to p_columns, or give it a default.'
    );
  end if;

  if p_table.delete_column = any (v_table.column_names) and not exists (
    select
    from pg_attribute as a
    where a.attrelid = p_table.stable_table
      and a.attname = p_table.delete_column
      and a.atttypid = 'boolean'::regtype
  ) then
    perform backlog_internal.raise_invalid_pipeline(
      format('column %I of %s is not boolean', p_table.delete_column, p_table.stable_table),
      'A delete mark is a boolean; name another column, which need not exist in the table.'
    );
  end if;
  if p_table.delete_column is not null and cardinality(p_table.key_columns) = 0 then
    perform backlog_internal.raise_invalid_pipeline(
      'a delete mark needs a key', 'Name the columns of a unique constraint as p_key.'
    );
  end if;
  if p_table.delete_column is not null and p_table.mode = 'append' then
    perform backlog_internal.raise_invalid_pipeline(
      'mode append does not delete', 'Use mode upsert, or leave p_delete_column out.'
    );
  end if;

  return v_table;
end;
$$;

comment on function backlog_internal.choose_columns(backlog_internal.pipeline_table, text[]) is
  $$Settle which columns of the stable table a pipeline fills.

Raises PB102 when a column does not exist, cannot be filled or is missed.$$;
