create or replace function backlog_internal.watch_keys(p_backfill backlog_internal.backfill)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_trigger record;
begin
  if p_backfill.consistency <> 'converge' then
    return;
  end if;
  perform backlog_internal.check_backfill_rights(p_backfill.source_table, 'TRIGGER', p_backfill.created_by::name);

  -- Partitions as well: a statement that names one fires no trigger of its parent. Making a trigger waits
  -- for all who write, so no change made after this transaction escapes.
  for v_trigger in
    with recursive family as (
      select p_backfill.source_table::oid as table_oid
      union
      select i.inhrelid from pg_inherits as i join family as f on f.table_oid = i.inhparent
    )
    select f.table_oid::regclass as table_name, e.event, e.tables
    from family as f
    cross join (values
      ('insert', 'referencing new table as new_rows'),
      ('update', 'referencing old table as old_rows new table as new_rows'),
      ('delete', 'referencing old table as old_rows'),
      ('truncate', '')
    ) as e (event, tables)
    order by f.table_oid, e.event
  loop
    execute format(
      'create trigger %I after %s on %s %s for each statement execute function backlog.note_touched_rows(%s)',
      format('pgbacklog_backfill_%s_%s', p_backfill.backfill_id, v_trigger.event), v_trigger.event,
      v_trigger.table_name, v_trigger.tables,
      array_to_string(
        p_backfill.backfill_id::text
          || array(select quote_literal(k.name) from unnest(p_backfill.key_columns) as k (name)),
        ', '
      )
    );
  end loop;
end;
$$;

comment on function backlog_internal.watch_keys(backlog_internal.backfill) is
  $$Make the triggers that note which keys change while a backfill converges.

Raises 42501 when the role may not make triggers on the table.$$;
