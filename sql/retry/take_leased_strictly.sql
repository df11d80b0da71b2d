create or replace function backlog_internal.take_leased_strictly(
  p_ids bigint[],
  p_tokens bigint[],
  p_on_stale text
)
  returns backlog_internal.leased_item[]
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_taken backlog_internal.leased_item[];
begin
  if p_ids is null or p_tokens is null or cardinality(p_ids) <> cardinality(p_tokens)
    or array_position(p_ids, null) is not null
  then
    raise exception using
      errcode = 'PB003',
      message = 'ids and lock tokens must be arrays of the same length, without null ids',
      hint = 'Pass the lock_token that acquire_retry_items returned beside each id.';
  end if;
  if p_on_stale is null or p_on_stale not in ('raise', 'skip') then
    raise exception using
      errcode = 'PB003',
      message = format('on_stale must be raise or skip, not %s', coalesce(p_on_stale, 'null')),
      hint = 'raise rolls everything back when one lease is lost; skip reports it.';
  end if;

  v_taken := array(select t from backlog_internal.take_leased(p_ids, p_tokens) as t);

  if p_on_stale = 'raise' and cardinality(v_taken) < cardinality(p_ids) then
    perform backlog_internal.raise_not_leased(u.id, u.token)
    from unnest(p_ids, p_tokens) as u (id, token)
    where not exists (select 1 from unnest(v_taken) as t where t.id = u.id and t.token = u.token)
    order by u.id
    limit 1;
  end if;

  return v_taken;
end;
$$;

comment on function backlog_internal.take_leased_strictly(bigint[], bigint[], text) is
  $$Take items out of their leases; unless p_on_stale is skip, all of them or none.

Raises PB001 when an item is not under its lock token any more, PB002 when it does not exist, PB003 when
the arguments do not fit.$$;
