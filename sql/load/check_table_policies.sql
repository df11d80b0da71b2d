create or replace function backlog_internal.check_table_policies(p_table backlog_internal.pipeline_table)
  returns void
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_problem text := case
    when p_table.mode in ('upsert', 'append', 'replace') then null
    else format('mode %s|Use upsert, append or replace', quote_nullable(p_table.mode))
  end;
begin
  v_problem := case
    when v_problem is not null then v_problem
    when p_table.on_malformed in ('dead_letter_item', 'quarantine_row', 'null_value') then null
    else format(
      'on_malformed %s|Use dead_letter_item, quarantine_row or null_value',
      quote_nullable(p_table.on_malformed)
    )
  end;
  v_problem := case
    when v_problem is not null then v_problem
    when p_table.on_foreign_key in ('refuse_load', 'quarantine_row', 'park', 'dead_letter_item') then null
    else format(
      'on_foreign_key %s|Use refuse_load, quarantine_row, park or dead_letter_item',
      quote_nullable(p_table.on_foreign_key)
    )
  end;
  v_problem := case
    when v_problem is not null then v_problem
    when p_table.on_unknown_field in ('ignore', 'reject') then null
    else format('on_unknown_field %s|Use ignore or reject', quote_nullable(p_table.on_unknown_field))
  end;
  v_problem := case
    when v_problem is not null then v_problem
    when p_table.park_seconds > 0 then null
    else format('park_seconds %s|Use a positive number', quote_nullable(p_table.park_seconds))
  end;

  if v_problem is not null then
    raise exception using
      errcode = 'PB003',
      message = 'unknown option: ' || split_part(v_problem, '|', 1),
      hint = split_part(v_problem, '|', 2) || '.';
  end if;

  if p_table.stable_table is null or not exists (
    select
    from pg_class as c
    where c.oid = p_table.stable_table
      and c.relkind in ('r', 'p')
      and c.relpersistence <> 't'
      and c.relnamespace not in ('backlog_internal'::regnamespace, 'pg_catalog'::regnamespace)
  ) then
    perform backlog_internal.raise_invalid_pipeline(
      format('%s is not a table that can be loaded', coalesce(p_table.stable_table::text, 'null')),
      'Name an ordinary or partitioned table that is neither temporary nor part of the system.'
    );
  end if;
end;
$$;

comment on function backlog_internal.check_table_policies(backlog_internal.pipeline_table) is
  $$Check the options of a pipeline table.

Raises PB003 when one is unknown, PB102 when the table is none that can be loaded.$$;
