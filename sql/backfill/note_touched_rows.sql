create or replace function backlog.note_touched_rows()
  returns trigger
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
  set datestyle = 'ISO'
  set intervalstyle = 'postgres'
  set extra_float_digits = 1
as $$
declare
  v_query text;
  v_rows  text;
begin
  select format(
    'insert into backlog_internal.backfill_touched (backfill_id, key) select %L, array[%s] from ',
    tg_argv[0], string_agg(format('r.%I::text', k.name), ', ' order by k.place)
  )
  into v_query
  from unnest(tg_argv[1:]) with ordinality as k (name, place)
  left join pg_attribute as a
    on a.attrelid = tg_relid and a.attname = k.name and a.attnum > 0 and not a.attisdropped
  having bool_and(a.attname is not null);
  -- A key column that is gone ends the backfill, but must not keep anybody from writing.
  if tg_op = 'TRUNCATE' or v_query is null then
    insert into backlog_internal.backfill_touched (backfill_id, key) values (tg_argv[0]::bigint, null);
    return null;
  end if;

  -- Old keys too: a row may have left under its old key.
  foreach v_rows in array case tg_op
    when 'INSERT' then array['new_rows']
    when 'DELETE' then array['old_rows']
    else array['old_rows', 'new_rows']
  end loop
    if tg_level = 'STATEMENT' then
      execute v_query || quote_ident(v_rows) || ' as r';
    else
      execute v_query || '(select ($1).*) as r' using case v_rows when 'new_rows' then new else old end;
    end if;
  end loop;
  return null;
end;
$$;

comment on function backlog.note_touched_rows() is
  $$Note the keys of changed rows: the trigger that a converging backfill puts on its table.

Its arguments are the backfill and the key columns. It runs with the installer's rights, so that those
who write to the table need none on pgbacklog.$$;
