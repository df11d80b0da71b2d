create or replace function backlog_internal.check_lease(p_item_id bigint, p_lock_token bigint)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (
    select
    from backlog_internal.retry_lease as s
    where s.token = p_lock_token
      and s.ids @> array[p_item_id]
  ) then
    perform backlog_internal.raise_not_leased(p_item_id, p_lock_token);
  end if;
end;
$$;

comment on function backlog_internal.check_lease(bigint, bigint) is
  $$Insist that an item is under a lock token. Takes no lock: rows staged under a lease that is lost a
moment later are garbage, which no load takes.

Raises PB001 when it is not, PB002 when there is no such item.$$;
