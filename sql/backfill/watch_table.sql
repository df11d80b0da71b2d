create or replace function backlog_internal.watch_table(p_backfill backlog_internal.backfill, p_table regclass)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_trigger record;
begin
  if not exists (
    select from pg_class as c where c.oid = p_table and pg_has_role(c.relowner, 'usage')
  ) then
    raise exception using
      errcode = 'insufficient_privilege',
      message = format('role %I does not own %s', current_user, p_table),
      hint = 'Only the owner of a table can take triggers off it again: make the installer''s role a member.';
  end if;

  for v_trigger in
    select format('pgbacklog_backfill_%s_%s', p_backfill.backfill_id, e.name) as name, e.event, e.clause, e.fires
    from (values
      ('insert', 'insert', 'referencing new table as new_rows for each statement', null),
      ('update', 'update', 'referencing old table as old_rows new table as new_rows for each statement', null),
      ('delete', 'delete', 'referencing old table as old_rows for each statement', null),
      ('truncate', 'truncate', 'for each statement', 'always'),
      -- Logical replication fires no triggers for statements, and none at all that fire as usual.
      ('replica', 'insert or update or delete', 'for each row', 'replica')
    ) as e (name, event, clause, fires)
    where e.name <> 'replica'
      or exists (select from pg_class as c where c.oid = p_table and c.relkind = 'r')
  loop
    execute format(
      'create or replace trigger %I after %s on %s %s execute function backlog.note_touched_rows(%s)',
      v_trigger.name, v_trigger.event, p_table, v_trigger.clause,
      array_to_string(
        p_backfill.backfill_id::text
          || array(select quote_literal(k.name) from unnest(p_backfill.key_columns) as k (name)),
        ', '
      )
    );
    if v_trigger.fires is not null then
      execute format('alter table only %s enable %s trigger %I', p_table, v_trigger.fires, v_trigger.name);
    end if;
  end loop;
end;
$$;

comment on function backlog_internal.watch_table(backlog_internal.backfill, regclass) is
  $$Make the triggers on one table that note which of its keys change while a backfill converges.

Raises 42501 when the installer's role does not own the table.$$;
