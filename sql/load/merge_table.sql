create or replace function backlog_internal.merge_table(
  p_load_id bigint,
  p_table backlog_internal.pipeline_table
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows     text := backlog_internal.load_rows(p_load_id, p_table.pipeline_table_id);
  v_joined   text := nullif(backlog_internal.quoted_list(p_table.key_columns, 's.%I = r.%I', ' and '), '');
  v_columns  text;
  v_values   text;
  v_sets     text;
  v_differs  text;
  v_accepted bigint;
  v_outdated bigint := 0;
  v_updated  bigint := 0;
  v_inserted bigint := 0;
  v_counted  record;
begin
  select
    string_agg(quote_ident(m.column_name), ', '),
    string_agg(m.insert_sql, ', '),
    string_agg(format('%I = %s', m.column_name, m.update_sql), ', ') filter (where m.update_sql is not null),
    string_agg(m.differs_sql, ' or ')
  into v_columns, v_values, v_sets, v_differs
  from backlog_internal.merge_columns(p_table) as m;
  select w.accepted - w.marked
  into v_accepted
  from backlog_internal.load_work as w
  where w.load_id = p_load_id
    and w.pipeline_table_id = p_table.pipeline_table_id;
  if v_accepted > 0 and p_table.mode <> 'append' and v_sets is not null then
    if p_table.version_column is not null then
      execute format(
        'select count(*) from (%s) as r join %s as s on %s where not r.backlog_deleted and not (%s)',
        v_rows, p_table.stable_table, v_joined, backlog_internal.version_sql(p_table)
      )
      into v_outdated;
    end if;
    select c.* into v_counted from backlog_internal.count_changes(p_table, v_rows, v_joined, v_differs) as c;
  else
    select null::bigint as o_new, 0::bigint as o_changed into v_counted;
  end if;

  if v_counted.o_changed is distinct from 0 then
    -- Only rows that differ are written: an unchanged one costs neither a new version nor WAL.
    v_updated := backlog_internal.write_changes(p_load_id, p_table, format(
      'update %s as s set %s from (%s) as r where not r.backlog_deleted and %s and (%s) and %s',
      p_table.stable_table, v_sets, v_rows, v_joined, v_differs, backlog_internal.version_sql(p_table)
    ));
  end if;

  if v_accepted > 0 and v_counted.o_new is distinct from 0 then
    perform backlog_internal.advance_sequences(p_load_id, p_table);
    v_inserted := backlog_internal.write_changes(p_load_id, p_table, format(
      'insert into %s as s (%s) overriding system value select %s from (%s) as r where not r.backlog_deleted%s',
      p_table.stable_table, v_columns, v_values, v_rows,
      ' and not exists (select from ' || p_table.stable_table::text || ' as s where ' || v_joined || ')'
    ));
  end if;

  update backlog_internal.load_work as w
  set
    outdated = v_outdated,
    updated = v_updated,
    inserted = v_inserted,
    unchanged = v_accepted - v_outdated - v_updated - v_inserted
  where w.load_id = p_load_id
    and w.pipeline_table_id = p_table.pipeline_table_id;
end;
$$;

comment on function backlog_internal.merge_table(bigint, backlog_internal.pipeline_table) is
  $$Bring the accepted rows of one table into its stable table and count what that did.

First an update of the rows that differ, then an insert of those that are new: measured faster than
insert on conflict, and the counts are exact. Another writer that inserts the same key meanwhile makes
the load fail, not lose a row.$$;
