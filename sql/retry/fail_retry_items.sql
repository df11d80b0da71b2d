create or replace function backlog.fail_retry_items(
  p_ids bigint[],
  p_lock_tokens bigint[],
  p_errors text[],
  p_error_codes text[] = null,
  p_retry_afters int[] = null,
  p_on_stale text = 'raise'
)
  returns table (id bigint, outcome text, run_at timestamptz)
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_now      timestamptz;
  v_taken    backlog_internal.leased_item[];
  v_failures backlog_internal.failure[];
begin
  if p_errors is null or cardinality(p_errors) <> cardinality(p_ids)
    or cardinality(p_error_codes) <> cardinality(p_ids)
    or cardinality(p_retry_afters) <> cardinality(p_ids)
    or 0 > any (p_retry_afters)
  then
    raise exception using
      errcode = 'PB003',
      message = 'errors, error codes and retry-after seconds must match the ids by position, '
        'and no retry-after may be negative',
      hint = 'Leave error codes or retry-after seconds null when there are none.';
  end if;

  v_taken := backlog_internal.take_leased_strictly(p_ids, p_lock_tokens, p_on_stale);
  v_now := backlog_internal.write_clock();
  -- An id named twice fails once, with the first error under the token that is good.
  v_failures := array(
    select distinct on (u.id)
      row(u.id, coalesce(u.error, 'no error text given'), u.error_code, u.retry_after)::backlog_internal.failure
    from unnest(p_ids, p_lock_tokens, p_errors, p_error_codes, p_retry_afters) with ordinality
      as u (id, token, error, error_code, retry_after, place)
    join unnest(v_taken) as t on t.id = u.id and t.token = u.token
    order by u.id, u.place
  );

  return query
  with failed as materialized (
    select f.id, f.outcome, f.run_at
    from backlog_internal.fail_items(v_taken, v_failures, v_now) as f
  )
  select u.id, coalesce(f.outcome, 'stale'), f.run_at
  from unnest(p_ids, p_lock_tokens) with ordinality as u (id, token, place)
  left join unnest(v_taken) as t on t.id = u.id and t.token = u.token
  left join failed as f on f.id = t.id
  order by u.place;
end;
$$;

comment on function backlog.fail_retry_items(bigint[], bigint[], text[], text[], int[], text) is
  $$Report that many retry items failed: ids, lock tokens, errors and error codes by position.

An error code of five characters is an SQLSTATE, one of three digits an HTTP status, anything else a
name. The failure rules decide from it what follows; see backlog.failure_rules. p_retry_afters
overrides the pause in seconds. Returns one row per item: retry with the time of the next attempt,
dead_letter, or stale when its lease was lost and p_on_stale is skip.

Raises PB001 when a lease was lost, PB002 when an item does not exist, PB003 when the arguments do not
fit; then nothing is changed.$$;
