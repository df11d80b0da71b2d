create or replace function backlog_internal.define_target(
  p_backfill backlog_internal.backfill,
  p_role name
)
  returns backlog_internal.backfill
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_backfill backlog_internal.backfill := p_backfill;
  v_kind     "char";
  v_unknown  text;
begin
  select c.relkind into v_kind from pg_class as c where c.oid = p_backfill.target_table;
  if v_kind not in ('r', 'p', 'f')
    -- A partition of the source, or what it is a partition of, has the same rows.
    or p_backfill.target_table = any (backlog_internal.table_family(p_backfill.source_table))
    or p_backfill.source_table = any (backlog_internal.table_family(p_backfill.target_table))
  then
    perform backlog_internal.raise_invalid_backfill(
      format('%s cannot be the destination', p_backfill.target_table),
      'Give another table, partitioned or foreign table; not a part of the source.'
    );
  end if;
  select string_agg(quote_ident(c.name), ', ') into v_unknown
  from unnest(p_backfill.target_columns) as c (name)
  where not exists (
    select from pg_attribute as a
    where a.attrelid = p_backfill.target_table and a.attname = c.name
      and a.attnum > 0 and not a.attisdropped
  );
  if v_unknown is not null then
    perform backlog_internal.raise_invalid_backfill(
      format('%s has no column %s', p_backfill.target_table, v_unknown),
      'Rename it with p_mapping {"column": "name there"}, or leave it out with {"column": null}.'
    );
  end if;

  -- What the destination generates, nobody may give it.
  select
    array_agg(c.name order by c.place), array_agg(c.sql order by c.place), array_agg(c.target order by c.place)
  into v_backfill.column_names, v_backfill.column_sql, v_backfill.target_columns
  from unnest(p_backfill.column_names, p_backfill.column_sql, p_backfill.target_columns) with ordinality
    as c (name, sql, target, place)
  join pg_attribute as a on a.attrelid = p_backfill.target_table and a.attname = c.target
  where a.attgenerated = '';

  v_backfill := backlog_internal.define_target_key(v_backfill);
  v_backfill.copied_sql := backlog_internal.guarded_columns(v_backfill);
  v_backfill.converts := backlog_internal.converts(v_backfill);
  perform backlog_internal.check_backfill_rights(
    p_backfill.target_table,
    'SELECT,INSERT' || case when v_backfill.write_mode = 'upsert' then
        case when v_kind = 'f' then ',DELETE' else ',UPDATE' end else '' end
      || case when v_backfill.consistency = 'converge' then ',DELETE' else '' end,
    p_role
  );
  begin
    execute 'explain ' || backlog_internal.copy_sql(v_backfill, 'false');
  exception
    when syntax_error_or_access_rule_violation or feature_not_supported then
      perform backlog_internal.raise_invalid_backfill(
        format('rows of %s do not fit into %s: %s', p_backfill.source_table, p_backfill.target_table, sqlerrm),
        'Cast columns with p_mapping {"column": {"cast": "type"}}.'
      );
  end;
  return v_backfill;
end;
$$;

comment on function backlog_internal.define_target(backlog_internal.backfill, name) is
  $$Check that a table can take what a backfill brings, and settle columns, key and mode.

Raises PB302 when it cannot, 42501 when a right is missing.$$;
