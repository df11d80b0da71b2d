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
  v_key   text := (
    select string_agg(format('r.%I::text', k.name), ', ' order by k.place)
    from unnest(tg_argv[1:]) with ordinality as k (name, place)
  );
  v_table text;
begin
  if tg_op = 'TRUNCATE' then
    insert into backlog_internal.backfill_touched (backfill_id, key) values (tg_argv[0]::bigint, null);
    return null;
  end if;

  -- Old keys too: a row may have left under its old key.
  foreach v_table in array case tg_op
    when 'INSERT' then array['new_rows']
    when 'DELETE' then array['old_rows']
    else array['old_rows', 'new_rows']
  end loop
    execute format(
      'insert into backlog_internal.backfill_touched (backfill_id, key) select %L, array[%s] from %I as r',
      tg_argv[0], v_key, v_table
    );
  end loop;
  return null;
end;
$$;

comment on function backlog.note_touched_rows() is
  $$Note the keys of changed rows: the trigger that a converging backfill puts on its table.

Its arguments are the backfill and the key columns. It runs with the installer's rights, so that those
who write to the table need none on pgbacklog.$$;
