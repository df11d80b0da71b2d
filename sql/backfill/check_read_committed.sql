create or replace function backlog_internal.check_read_committed()
  returns void
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception using
      errcode = 'active_sql_transaction',
      message = format('a backfill cannot converge in a transaction that is %s',
        current_setting('transaction_isolation')),
      hint = 'What others commit while it waits for a lock would stay unseen: use read committed.';
  end if;
end;
$$;

comment on function backlog_internal.check_read_committed() is
  $$Insist that this transaction sees what others commit while it waits for them.

Raises 25001 when it does not.$$;
