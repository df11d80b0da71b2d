create or replace function backlog.edit_quarantine(
  p_quarantine_id bigint,
  p_row jsonb,
  p_replay boolean = true,
  p_note text = null
)
  returns text
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_table backlog_internal.pipeline_table;
  v_error text[];
begin
  perform backlog_internal.lock_quarantine(array[p_quarantine_id]);
  select t.*
  into v_table
  from backlog_internal.quarantine_row as q
  join backlog_internal.pipeline_table as t on t.pipeline_table_id = q.pipeline_table_id
  where q.quarantine_row_id = p_quarantine_id
    and q.state in ('waiting', 'parked', 'replaying');
  if not found then
    raise exception using
      errcode = 'PB106',
      message = format('there is no open quarantined row %s', coalesce(p_quarantine_id::text, 'null')),
      hint = 'The view backlog.quarantine lists them.';
  end if;

  if jsonb_typeof(p_row) is distinct from 'object' then
    v_error := array['22023', 'not an object'];
  else
    v_error := backlog_internal.row_error(v_table.delta_table, p_row);
  end if;
  if v_error is not null then
    raise exception using
      errcode = 'PB003',
      message = format('the row does not fit %s: %s', v_table.name, v_error[2]),
      hint = 'Give a JSON object with a value of the right type for each column.';
  end if;

  update backlog_internal.quarantine_row as q
  set
    row_data = p_row,
    row_key = backlog_internal.typed_columns(v_table.delta_table, v_table.key_columns, p_row),
    row_version = backlog_internal.typed_columns(
      v_table.delta_table, array_remove(array[v_table.version_column], null), p_row
    ),
    -- Whoever edits a row has decided against the copies that came before.
    arrival_page = nextval('backlog_internal.delta_page'),
    superseded_by = null,
    state = case when p_replay then 'replaying' else 'waiting' end,
    parked_until = null,
    note = coalesce(p_note, q.note)
  where q.quarantine_row_id = p_quarantine_id;
  return case when p_replay then 'replaying' else 'waiting' end;
end;
$$;

comment on function backlog.edit_quarantine(bigint, jsonb, boolean, text) is
  $$Correct a quarantined row, and unless p_replay is false let the next load take it. Return its state.

Raises PB106 when there is no such open row, PB003 when the row does not fit its table.$$;
