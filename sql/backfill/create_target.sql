create or replace function backlog_internal.create_target(
  p_backfill backlog_internal.backfill,
  p_role name
)
  returns regclass
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_parts text[] := parse_ident(p_backfill.destination ->> 'table');
  v_schema text := case when cardinality(v_parts) = 2 then v_parts[1] else 'public' end;
  v_name  text := v_parts[cardinality(v_parts)];
  v_columns text;
  v_key text;
  v_table regclass := to_regclass(format('%I.%I', v_schema, v_name));
begin
  if v_table is not null then
    return v_table;
  end if;
  if cardinality(v_parts) > 2
    or has_schema_privilege(p_role, to_regnamespace(quote_ident(v_schema)), 'create') is not true
  then
    raise exception using
      errcode = 'insufficient_privilege',
      message = format('role %I may not make tables in schema %I', p_role, v_schema),
      hint = 'Make the table yourself, or ask for the right create on an existing schema.';
  end if;

  -- Values come from the source, so nothing generates them here, and defaults are not needed.
  select
    string_agg(
      format(
        '%I %s%s%s', c.target,
        case
          when c.sql = format('s.%I', c.name) then format_type(a.atttypid, a.atttypmod)
          else substring(c.sql from length(format('s.%I', c.name)) + 3)
        end,
        case when a.attcollation <> t.typcollation and c.sql = format('s.%I', c.name)
          then format(' collate %I.%I', n.nspname, l.collname) else '' end,
        case when backlog_internal.may_be_null(a.attrelid, a.attname) then '' else ' not null' end
      ),
      ', ' order by c.place
    )
  into v_columns
  from unnest(p_backfill.column_names, p_backfill.column_sql, p_backfill.target_columns) with ordinality
    as c (name, sql, target, place)
  join pg_attribute as a on a.attrelid = p_backfill.source_table and a.attname = c.name
  join pg_type as t on t.oid = a.atttypid
  left join pg_collation as l on l.oid = a.attcollation
  left join pg_namespace as n on n.oid = l.collnamespace;

  select string_agg(format('%I', c.target), ', ' order by k.place)
  into v_key
  from unnest(p_backfill.key_columns) with ordinality as k (name, place)
  left join unnest(p_backfill.column_names, p_backfill.target_columns) as c (name, target) on c.name = k.name
  having bool_and(c.target is not null)
    and p_backfill.key_is_unique
    and not p_backfill.key_is_nullable;

  execute format(
    'create table %I.%I (%s%s)', v_schema, v_name, v_columns, coalesce(', primary key (' || v_key || ')', '')
  );
  v_table := to_regclass(format('%I.%I', v_schema, v_name));
  if pg_has_role(current_user, p_role, 'member') then
    execute format('alter table %s owner to %I', v_table, p_role);
  end if;
  execute format('grant all on table %s to %I, %I', v_table, p_role, current_user);
  return v_table;
end;
$$;

comment on function backlog_internal.create_target(backlog_internal.backfill, name) is
  $$Make the table that a backfill writes from the definition of the one that it reads; return it.

Types, collations, not null and the key are taken over; generated columns become plain ones, since they
are copied. A table that exists is left as it is. It belongs to the role that asked, if possible.

Raises 42501 when that role may not make tables there.$$;
