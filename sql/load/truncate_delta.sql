create or replace function backlog_internal.truncate_delta(p_delta regclass, p_live text)
  returns boolean
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_live boolean := false;
begin
  -- A truncate costs new files and a sync; deleting a few rows is cheaper. Under a snapshot older
  -- than the lock, rows may be there that we cannot see: they must not be truncated away.
  if pg_relation_size(p_delta) < 4194304 or current_setting('transaction_isolation') <> 'read committed' then
    return false;
  end if;

  -- Waiting for readers could end in a deadlock with one who goes on to write.
  execute format('lock table only %s in access exclusive mode nowait', p_delta);
  if p_live is not null then
    execute format('select exists (select from %s as d where %s)', p_delta, p_live) into v_live;
  end if;
  if not v_live then
    execute format('truncate only %s', p_delta);
  end if;
  return not v_live;
exception
  when lock_not_available then
    return false;
end;
$$;

comment on function backlog_internal.truncate_delta(regclass, text) is
  $$Empty a large delta table at once; return false when it is small, in use, or has rows that must stay.$$;
