create or replace function backlog_internal.verify_columns(p_backfill backlog_internal.backfill, p_side text)
  returns text
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select string_agg(
    case p_side
      when 'source' then format('(%s)::%s', c.sql, format_type(a.atttypid, a.atttypmod))
      else format('t.%I', c.target)
    end, ', ' order by c.place
  )
  from unnest(p_backfill.column_sql, p_backfill.target_columns) with ordinality as c (sql, target, place)
  join pg_attribute as a on a.attrelid = p_backfill.target_table and a.attname = c.target
$$;

comment on function backlog_internal.verify_columns(backlog_internal.backfill, text) is
  $$Write the values of a row of the source s, or of the destination t, that are compared: in the destination's types
and the order of its columns.$$;
