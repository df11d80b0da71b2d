create or replace function backlog_internal.check_snapshot(p_backfill backlog_internal.backfill)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_loss text;
begin
  if p_backfill.snapshot_number > 0 and backlog_internal.has_copied(p_backfill.backfill_id) then
    v_loss := backlog_internal.snapshot_loss(p_backfill);
  end if;
  if v_loss is not null then
    raise exception using
      errcode = 'PB304',
      message = format('backfill %s cannot go on: %s', p_backfill.backfill_id, v_loss),
      hint = 'What is left cannot be read as of the moment of what was copied. Create a new backfill.';
  end if;
end;
$$;

comment on function backlog_internal.check_snapshot(backlog_internal.backfill) is
  $$Insist that the snapshot is there in which chunks of a backfill were copied.

Raises PB304 when it is lost.$$;
