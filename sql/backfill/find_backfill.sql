create or replace function backlog_internal.find_backfill(p_backfill_id bigint, p_lock boolean = false)
  returns backlog_internal.backfill
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_backfill backlog_internal.backfill;
begin
  if p_lock then
    select b.* into v_backfill
    from backlog_internal.backfill as b
    where b.backfill_id = p_backfill_id
    for no key update;
  else
    select b.* into v_backfill
    from backlog_internal.backfill as b
    where b.backfill_id = p_backfill_id;
  end if;

  if not found then
    raise exception using
      errcode = 'PB301',
      message = format('there is no backfill %s', coalesce(p_backfill_id::text, 'null')),
      hint = 'The view backlog.backfills lists them.';
  end if;

  return v_backfill;
end;
$$;

comment on function backlog_internal.find_backfill(bigint, boolean) is
  $$Find a backfill by its id, and with p_lock keep others from changing it.

Raises PB301 when there is none.$$;
