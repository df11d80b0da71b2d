create or replace function backlog_internal.backfill_state_changed()
  returns trigger
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_from text;
begin
  if tg_op = 'DELETE' then
    if old.state in ('PENDING', 'EXECUTING') then
      raise exception using
        errcode = 'PB303',
        message = format('backfill %s is %s and cannot be deleted', old.backfill_id, old.state),
        hint = 'Cancel it first with backlog.cancel_backfill.';
    end if;
    return null;
  end if;

  if tg_op = 'UPDATE' then
    v_from := old.state;
  end if;
  if v_from = new.state and old.paused_at is not distinct from new.paused_at then
    return null;
  end if;

  if v_from is distinct from new.state
    and (coalesce(v_from, 'new'), new.state) not in (
      ('new', 'PENDING'),
      ('PENDING', 'EXECUTING'), ('PENDING', 'COMPLETED'), ('PENDING', 'FAILED'), ('PENDING', 'CANCELLED'),
      ('EXECUTING', 'COMPLETED'), ('EXECUTING', 'FAILED'), ('EXECUTING', 'CANCELLED'),
      ('COMPLETED', 'PENDING'), ('FAILED', 'PENDING'), ('CANCELLED', 'PENDING')
    )
  then
    raise exception using
      errcode = 'PB303',
      message = format(
        'backfill %s cannot go from %s to %s', new.backfill_id, coalesce(v_from, 'nothing'), new.state
      ),
      hint = 'PENDING, EXECUTING, then COMPLETED, FAILED or CANCELLED; from these back to PENDING.';
  end if;

  insert into backlog_internal.backfill_transition
    (backfill_id, from_state, to_state, reason, changed_by, changed_at)
  values (
    new.backfill_id, v_from, new.state,
    case
      when v_from is distinct from new.state then new.reason
      when new.paused_at is not null then 'paused: ' || coalesce(new.pause_reason, 'no reason given')
      else 'no longer paused'
    end,
    backlog_internal.caller(), backlog_internal.clock()
  );
  return null;
end;
$$;

comment on function backlog_internal.backfill_state_changed() is
  $$Insist on the lifecycle of backfills and log it: a trigger, so that nothing gets round it.

Raises PB303 when a state cannot follow the one before, and when a live backfill is deleted.$$;
