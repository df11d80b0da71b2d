create or replace function backlog_internal.clear_foreign_rows(
  p_backfill backlog_internal.backfill,
  p_where text
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_keys text := array_to_string(array(
    select c.sql
    from unnest(p_backfill.target_key) with ordinality as k (name, place)
    join unnest(p_backfill.column_sql, p_backfill.target_columns) as c (sql, target) on c.target = k.name
    order by k.place
  ), ', ');
  v_type text;
  v_list text;
begin
  -- A foreign table knows no "on conflict". What is there under these keys goes in the same
  -- transaction; one statement for the other server when the key is one column.
  if cardinality(p_backfill.target_key) = 1 then
    select format_type(a.atttypid, -1) into v_type
    from pg_attribute as a
    where a.attrelid = p_backfill.target_table and a.attname = p_backfill.target_key[1];
    execute format(
      'select (array_agg((%s)::%s)::%s[])::text from %s as s where %s',
      v_keys, v_type, v_type, p_backfill.source_table, p_where
    )
    into v_list;
    if v_list is not null then
      execute format(
        'delete from %s as t where t.%I = any (%L::%s[])', p_backfill.target_table,
        p_backfill.target_key[1], v_list, v_type
      );
    end if;
  else
    execute format(
      'delete from %s as t where (%s) in (select %s from %s as s where %s)',
      p_backfill.target_table, backlog_internal.quoted_list(p_backfill.target_key, 't.%I'), v_keys,
      p_backfill.source_table, p_where
    );
  end if;
end;
$$;

comment on function backlog_internal.clear_foreign_rows(backlog_internal.backfill, text) is
  $$Delete from a foreign table the rows that a chunk is about to bring, found by key.$$;
