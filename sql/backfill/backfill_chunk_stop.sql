create or replace function backlog.backfill_chunk_stop(p_item_id bigint, p_lock_token bigint)
  returns text
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_reason text;
begin
  perform backlog_internal.check_lease(p_item_id, p_lock_token);
  select case
    when b.state not in ('PENDING', 'EXECUTING') then 'the backfill is ' || b.state
    when b.paused_at is not null then 'paused: ' || coalesce(b.pause_reason, 'no reason given')
  end
  into v_reason
  from backlog_internal.backfill_chunk as c
  join backlog_internal.backfill as b on b.backfill_id = c.backfill_id
  where c.item_id = p_item_id;
  if not found then
    return 'the backfill was deleted';
  end if;
  return v_reason;
end;
$$;

comment on function backlog.backfill_chunk_stop(bigint, bigint) is
  $$Tell why a chunk that is being copied should be left: its backfill was paused, ended or deleted; else
null.

For writers, between batches of a chunk that takes long. What was not committed is undone, and the item
released.

Raises PB001 when the lease was lost, PB002 when there is no such item.$$;
