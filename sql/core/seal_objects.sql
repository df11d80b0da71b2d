create or replace function backlog_internal.seal_objects()
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_retired record;
  v_dropped integer;
  v_blocked text;
  v_users text;
begin
  -- Whatever this transaction did not write, an earlier version shipped and this one does not.
  -- What no version shipped is somebody else's: it stays, and backlog.drift calls it extra.
  -- Retired objects may use each other, hence the rounds.
  loop
    v_dropped := 0;
    v_blocked := null;
    for v_retired in
      select l.kind, l.object, t.tgname as trigger_name, t.tgrelid::regclass as trigger_table
      from backlog_internal.live_objects() as l
      join backlog_internal.fingerprint as f on f.kind = l.kind and f.object = l.object
      left join pg_trigger as t
        on l.kind = 'trigger'
        and l.object = format('%I on %s', t.tgname, t.tgrelid::regclass)
      where l.written_by <> pg_current_xact_id()::xid
    loop
      begin
        execute case v_retired.kind
          when 'function' then format('drop routine %s', v_retired.object::regprocedure)
          when 'view' then format('drop view %s', v_retired.object::regclass)
          else format('drop trigger %I on %s', v_retired.trigger_name, v_retired.trigger_table)
        end;
        v_dropped := v_dropped + 1;
      exception when dependent_objects_still_exist then
        get stacked diagnostics v_users = pg_exception_detail;
        v_blocked := format('%s %s', v_retired.kind, v_retired.object);
      end;
    end loop;
    exit when v_blocked is null;

    if v_dropped = 0 then
      raise exception using
        errcode = 'PB006',
        message = format('%s is no longer part of pgbacklog but still used: %s',
          v_blocked, v_users),
        hint = 'Drop or change what depends on it, then migrate again.';
    end if;
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
