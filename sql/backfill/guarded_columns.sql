create or replace function backlog_internal.guarded_columns(p_backfill backlog_internal.backfill)
  returns text
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select string_agg(
      case
        when v.type is null and (t.atttypid, t.atttypmod) = (s.atttypid, s.atttypmod) then c.sql
        when v.type = k.there then c.sql
        when v.type is null and backlog_internal.keeps_values(
            p_backfill.source_table, c.name, p_backfill.target_table, c.target
          ) then c.sql
        -- What does not come back as it was would be altered without a word.
        else format(
          'case when %s then %s else backlog_internal.refuse_value(%s, %L, %L) end',
          case
            when backlog_internal.column_operator(k.type, '=') is not null
              and not exists (select from pg_type as y where y.oid = k.type and y.typcollation <> 0)
              then format('%s::%s::%s is not distinct from %s', c.sql, k.there, format_type(k.type, -1), c.sql)
            when k.type = 'json'::regtype and t.atttypid = 'jsonb'::regtype then 'true'
            else format(
              '%s::%s::%s::text collate "C" is not distinct from %s::text collate "C"', c.sql, k.there,
              format_type(k.type, -1), c.sql
            )
          end,
          c.sql, c.sql, c.target, k.there
        )
      end, ', ' order by c.place
    )
    from unnest(p_backfill.column_names, p_backfill.column_sql, p_backfill.target_columns) with ordinality
      as c (name, sql, target, place)
    join pg_attribute as s on s.attrelid = p_backfill.source_table and s.attname = c.name
    join pg_attribute as t on t.attrelid = p_backfill.target_table and t.attname = c.target
    -- The type that somebody asked for by a cast.
    cross join lateral (select nullif(substr(c.sql, length(format('s.%I', c.name)) + 3), '')) as v (type)
    cross join lateral (
      select coalesce(to_regtype(v.type)::oid, s.atttypid) as type, format_type(t.atttypid, t.atttypmod) as there
    ) as k
  );
end;
$$;

comment on function backlog_internal.guarded_columns(backlog_internal.backfill) is
  $$Write the values that a backfill copies to a table, so that one that would be altered there is refused.$$;
