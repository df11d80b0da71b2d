create or replace function backlog_internal.judge_unique(
  p_load_id bigint,
  p_table backlog_internal.pipeline_table
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows  text := backlog_internal.load_rows(p_load_id, p_table.pipeline_table_id);
  v_index record;
  v_bad   text;
  v_found boolean;
begin
  for v_index in
    select
      c.relname as name, u.names,
      backlog_internal.quoted_list(u.names, 'r.%I') as ours,
      backlog_internal.quoted_list(u.names, 's.%I') as theirs,
      backlog_internal.quoted_list(u.names, 'r.%I is not null', ' and ') as is_given,
      coalesce(nullif(backlog_internal.quoted_list(p_table.key_columns, 's.%I'), ''), '1') as their_key,
      coalesce(nullif(backlog_internal.quoted_list(p_table.key_columns, 'r.%I'), ''), '2') as our_key
    from pg_index as i
    join pg_class as c on c.oid = i.indexrelid
    cross join lateral (
      select array_agg(a.attname::text order by k.place) as names, count(*) = i.indnkeyatts as is_whole
      from unnest(i.indkey::smallint[]) with ordinality as k (attnum, place)
      join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = k.attnum
      where k.place <= i.indnkeyatts
        and a.attname = any (p_table.column_names)
    ) as u
    where i.indrelid = p_table.stable_table
      and i.indisunique
      -- What is not on plain columns is left to the index itself.
      and i.indpred is null
      and i.indexprs is null
      and not i.indnullsnotdistinct
      and u.is_whole
      and not (u.names @> p_table.key_columns and p_table.key_columns @> u.names)
  loop
    v_bad := format(
      'from (select r.*, row_number() over (partition by %s order by %s) as backlog_copy from (%s) as r'
        ' where not r.backlog_deleted and %s) as r'
        ' where r.backlog_copy > 1'
        ' or exists (select from %s as s where (%s) = (%s) and (%s) is distinct from (%s))',
      v_index.ours, backlog_internal.newest_first(p_table), v_rows, v_index.is_given,
      p_table.stable_table, v_index.theirs, v_index.ours, v_index.their_key, v_index.our_key
    );
    execute 'select count(*) > 0 ' || v_bad into v_found;
    if v_found then
      execute format(
        'insert into backlog_internal.load_verdict (load_id, pipeline_table_id, source, row_id, item_id,'
          ' quarantine_row_id, rule, sql_state, constraint_name, column_name, value, message, action)'
          ' select $1, $2, r.backlog_source, r.backlog_row, r.backlog_item_id, r.backlog_quarantine_id,'
          ' ''unique'', ''23505'', $3, $4, left(concat_ws('', '', %s), 200),'
          ' ''another row has this value'', %s %s',
        v_index.ours, backlog_internal.malformed_action(p_table), v_bad
      )
      using p_load_id, p_table.pipeline_table_id, v_index.name, array_to_string(v_index.names, ', ');
    end if;
  end loop;
end;
$$;

comment on function backlog_internal.judge_unique(bigint, backlog_internal.pipeline_table) is
  $$Judge unique constraints other than the key: against other rows of the load and of the stable table.

A value that another row holds counts as taken even when the same load would change that row.$$;
