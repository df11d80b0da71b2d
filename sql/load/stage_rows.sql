create or replace function backlog.stage_rows(
  p_pipeline text,
  p_table text,
  p_rows jsonb,
  p_item_id bigint = null,
  p_lock_token bigint = null
)
  returns bigint
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_table   backlog_internal.pipeline_table := backlog_internal.find_pipeline_table(p_pipeline, p_table);
  v_good    jsonb := p_rows;
  v_refused bigint := 0;
  v_staged  bigint := 0;
begin
  if p_item_id is not null then
    perform backlog_internal.check_lease(p_item_id, p_lock_token);
  end if;

  -- One cast of the whole page; only a page that fails it is looked at row by row.
  if jsonb_typeof(p_rows) = 'array' and not (
    v_table.on_unknown_field = 'reject'
    and exists (select from backlog_internal.page_problems(v_table, p_rows))
  ) then
    begin
      v_staged := backlog_internal.insert_page(v_table, p_rows, p_item_id, p_lock_token);
      v_good := null;
    exception
      when data_exception or integrity_constraint_violation or syntax_error_or_access_rule_violation
        or program_limit_exceeded
      then
        null;
    end;
  end if;

  if v_good is not null or p_rows is null then
    if p_item_id is null and v_table.on_malformed = 'dead_letter_item' then
      perform backlog_internal.raise_malformed(v_table, p_rows);
    end if;
    select s.o_good, s.o_refused
    into v_good, v_refused
    from backlog_internal.sort_page(
      v_table,
      case jsonb_typeof(p_rows) when 'array' then p_rows else jsonb_build_array(jsonb_build_array(p_rows)) end,
      p_item_id
    ) as s;
    if v_refused = 0 or v_table.on_malformed <> 'dead_letter_item' then
      v_staged := backlog_internal.insert_page(v_table, v_good, p_item_id, p_lock_token);
    end if;
  end if;

  if p_item_id is not null then
    perform backlog_internal.note_staged(
      v_table.pipeline_id, p_item_id, p_lock_token, v_staged,
      case v_table.on_malformed when 'dead_letter_item' then v_refused else 0 end
    );
  end if;
  return v_staged;
end;
$$;

comment on function backlog.stage_rows(text, text, jsonb, bigint, bigint) is
  $$Put fetched rows, a JSON array of objects, into a delta table; return how many were staged.

Call it for every table and part of a page while you hold the item, then backlog.stage_retry_item. Rows
that an earlier lease of the same item staged no longer count. Without an item the rows are staged like
copied ones. Fields that are no column are ignored, or refused if the table says so; missing fields are
null until the load judges them.

A value that does not fit its column is quarantined, and if the table's on_malformed is dead_letter_item
the whole page with it: stage_retry_item then reports the item as failed.

Raises PB001 when the lease was lost, and nothing is staged then. Raises PB101 when there is no such
table, PB105 when rows without an item do not fit a table with on_malformed dead_letter_item.$$;
