create or replace function backlog_internal.raise_not_leased(p_id bigint, p_token bigint)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (select 1 from backlog_internal.retry_item as i where i.id = p_id) then
    raise exception using
      errcode = 'PB001',
      message = format(
        'retry item %s is not under lock token %s', p_id, coalesce(p_token::text, 'of this worker')
      ),
      hint = 'The lease ran out and the item is waiting again or with another worker. Drop this result.';
  end if;

  raise exception using
    errcode = 'PB002',
    message = format('there is no live retry item %s', coalesce(p_id::text, 'null')),
    hint = 'It may have been completed, cancelled or become a dead letter: see backlog.retry_history '
      'and backlog.dead_letters.';
end;
$$;

comment on function backlog_internal.raise_not_leased(bigint, bigint) is
  $$Raise PB001 when the item exists, else PB002.$$;
