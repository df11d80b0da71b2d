create or replace function backlog_internal.seal_objects()
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_retired record;
begin
  -- Whatever this transaction did not write, an earlier version shipped and this one does not.
  -- What no version shipped is somebody else's: it stays, and backlog.drift calls it extra.
  for v_retired in
    select l.kind, l.object
    from backlog_internal.live_objects() as l
    join backlog_internal.fingerprint as f on f.kind = l.kind and f.object = l.object
    where l.written_by <> pg_current_xact_id()::xid
    order by array_position(array['trigger', 'view', 'function'], l.kind), l.object
  loop
    begin
      execute format(
        'drop %s %s',
        case v_retired.kind when 'function' then 'routine' else v_retired.kind end,
        v_retired.object
      );
    exception when dependent_objects_still_exist then
      raise exception using
        errcode = 'PB006',
        message = format('%s %s is no longer part of pgbacklog but still used: %s',
          v_retired.kind, v_retired.object, sqlerrm),
        hint = 'Drop or change what depends on it, then migrate again.';
    end;
  end loop;

  delete from backlog_internal.fingerprint;

  insert into backlog_internal.fingerprint (kind, object, md5)
  select l.kind, l.object, l.md5
  from backlog_internal.live_objects() as l
  where l.written_by is null
    or l.written_by = pg_current_xact_id()::xid;
end;
$$;

comment on function backlog_internal.seal_objects() is
  $$Drop what this version no longer ships, and remember what it does.

Runs in the transaction that loaded all functions, views and triggers, after the last of them and
before the grants, since a grant writes to every function.

Raises PB006 when something outside still depends on an object that is no longer shipped.$$;
