create or replace function backlog_internal.define_columns(
  p_backfill backlog_internal.backfill,
  p_columns text[],
  p_mapping jsonb
)
  returns backlog_internal.backfill
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_backfill backlog_internal.backfill := p_backfill;
  v_unknown  text;
begin
  if jsonb_typeof(p_mapping) is distinct from 'object' and p_mapping is not null
    or cardinality(p_columns) = 0
  then
    perform backlog_internal.raise_invalid_backfill(
      'p_mapping is no object, or p_columns is empty',
      'Give {"column": "its name there"}, {"column": null} or {"column": {"column": "name", "cast": "type"}}.'
    );
  end if;
  select string_agg(quote_ident(n.name), ', ') into v_unknown
  from (
    select unnest(p_columns) as name
    union
    select jsonb_object_keys(p_mapping)
  ) as n
  where not exists (
    select from pg_attribute as a
    where a.attrelid = p_backfill.source_table and a.attname = n.name
      and a.attnum > 0 and not a.attisdropped
  );
  if v_unknown is not null then
    perform backlog_internal.raise_invalid_backfill(
      format('%s has no column %s', p_backfill.source_table, v_unknown),
      'Correct p_columns or p_mapping; names are case sensitive there.'
    );
  end if;
  select string_agg(format('%s to %s', m.key, m.value), ', ') into v_unknown
  from jsonb_each(p_mapping) as m
  where jsonb_typeof(m.value) not in ('string', 'null', 'object')
    or jsonb_typeof(m.value) = 'object' and (
      m.value - 'column' - 'cast' <> '{}'
      or jsonb_typeof(coalesce(m.value -> 'column', '""')) <> 'string'
    );
  if v_unknown is not null then
    perform backlog_internal.raise_invalid_backfill(
      format('the mapping cannot be understood: %s', v_unknown),
      'Give a name, null, or {"column": name, "cast": type}; types of extensions with their schema.'
    );
  end if;

  select
    array_agg(c.name order by c.place),
    array_agg(c.sql order by c.place),
    array_agg(c.target order by c.place)
  into v_backfill.column_names, v_backfill.column_sql, v_backfill.target_columns
  from (
    select
      a.attname::text as name,
      coalesce(array_position(p_columns, a.attname::text), a.attnum) as place,
      case jsonb_typeof(p_mapping -> a.attname::text)
        when 'string' then p_mapping ->> a.attname::text
        when 'object' then coalesce(p_mapping -> a.attname::text ->> 'column', a.attname)
        else a.attname
      end as target,
      case
        when jsonb_typeof(p_mapping -> a.attname::text) = 'object' and p_mapping -> a.attname::text ? 'cast'
          then format('s.%I::%s', a.attname, backlog_internal.cast_type(
            p_mapping -> a.attname::text ->> 'cast', p_backfill.created_by
          ))
        else format('s.%I', a.attname)
      end as sql
    from pg_attribute as a
    where a.attrelid = p_backfill.source_table
      and a.attnum > 0
      and not a.attisdropped
      and (p_columns is null or a.attname = any (p_columns))
      and coalesce(jsonb_typeof(p_mapping -> a.attname::text), 'string') <> 'null'
  ) as c;
  if v_backfill.column_names is null
    or cardinality(array(select distinct unnest(v_backfill.target_columns)))
      < cardinality(v_backfill.target_columns)
  then
    perform backlog_internal.raise_invalid_backfill(
      'no column is left to copy, or two would have the same name', 'Correct p_columns or p_mapping.'
    );
  end if;
  return v_backfill;
end;
$$;

comment on function backlog_internal.define_columns(backlog_internal.backfill, text[], jsonb) is
  $$Settle which columns a backfill reads, how they are cast and what they are called in the destination.

Raises PB302 when a column or a type does not exist, 42501 when a type is not for everybody to cast to.$$;
