create or replace function backlog_internal.delete_rows(
  p_load_id bigint,
  p_table backlog_internal.pipeline_table
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_work    backlog_internal.load_work;
  v_joined  text := backlog_internal.quoted_list(p_table.key_columns, 's.%I = r.%I', ' and ');
  v_marked  bigint := 0;
  v_missing bigint := 0;
  v_kept    bigint := 0;
  v_note    text;
begin
  select w.*
  into v_work
  from backlog_internal.load_work as w
  where w.load_id = p_load_id
    and w.pipeline_table_id = p_table.pipeline_table_id;

  if v_work.marked > 0 then
    execute format(
      'delete from %s as s using (%s) as r where r.backlog_deleted and %s%s',
      p_table.stable_table, v_work.rows_sql, v_joined,
      -- A delete mark without a version is taken at its word.
      ' and (r.' || quote_ident(p_table.version_column) || ' is null or '
        || backlog_internal.version_sql(p_table) || ')'
    );
    get diagnostics v_marked = row_count;
  end if;

  if v_work.complete_set and v_work.received > 0 then
    execute format(
      'delete from %s as s where not exists (select from (%s) as r where %s)'
        ' and (s.tableoid, s.ctid) not in (select v.source, v.row_id from backlog_internal.load_verdict as v'
        '  where v.load_id = $1 and v.pipeline_table_id = $2 and v.action = ''keep'')',
      p_table.stable_table, v_work.rows_sql, v_joined
    )
    using p_load_id, p_table.pipeline_table_id;
    get diagnostics v_missing = row_count;
    select count(*), format('%s missing rows were kept: %s', count(*), min(v.message))
    into v_kept, v_note
    from backlog_internal.load_verdict as v
    where v.load_id = p_load_id
      and v.pipeline_table_id = p_table.pipeline_table_id
      and v.action = 'keep';
  end if;

  update backlog_internal.load_work as w
  set
    deleted = v_marked + v_missing,
    -- A mark for a row that is not there, or is newer, changes nothing.
    unchanged = w.unchanged + w.marked - v_marked,
    note = case when v_kept > 0 then v_note else w.note end
  where w.load_id = p_load_id
    and w.pipeline_table_id = p_table.pipeline_table_id;
end;
$$;

comment on function backlog_internal.delete_rows(bigint, backlog_internal.pipeline_table) is
  $$Delete the stable rows that carry a delete mark, and those that a full set of pages lacks.

Without a single row to load nothing is missing: an empty answer never empties a table.$$;
