create or replace function backlog_internal.check_fingerprint(p_backfill backlog_internal.backfill)
  returns void
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_changes text := backlog_internal.fingerprint_changes(p_backfill);
begin
  if v_changes is not null then
    raise exception using
      errcode = 'PB304',
      message = format('backfill %s cannot go on: %s', p_backfill.backfill_id, v_changes),
      hint = 'What it copied so far would not fit the rest. Undo the change, or create a new backfill.';
  end if;
end;
$$;

comment on function backlog_internal.check_fingerprint(backlog_internal.backfill) is
  $$Insist that nothing changed under a backfill since it was planned.

Raises PB304, saying what changed.$$;
