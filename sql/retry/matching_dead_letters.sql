create or replace function backlog_internal.matching_dead_letters(p_filter jsonb, p_limit int)
  returns setof backlog_internal.dead_letter
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_unknown text;
begin
  if p_filter is null or jsonb_typeof(p_filter) <> 'object' or p_limit is null or p_limit < 1 then
    raise exception using
      errcode = 'PB003',
      message = 'the filter must be a jsonb object and the limit positive',
      hint = 'An empty object matches every dead letter.';
  end if;

  select k into v_unknown
  from jsonb_object_keys(p_filter) as k
  where k not in (
    'id', 'event_type', 'channel_name', 'plugin_name', 'reason', 'error_code', 'error',
    'correlation_id', 'tag', 'died_after', 'died_before'
  );
  if found then
    raise exception using
      errcode = 'PB003',
      message = format('unknown filter key %s', v_unknown),
      hint = 'Use id (one or an array), event_type, channel_name, plugin_name, reason, error_code (LIKE '
        'pattern), error (regular expression), correlation_id, tag, died_after, died_before.';
  end if;

  return query
  select d.*
  from backlog_internal.dead_letter as d
  join backlog_internal.retry_lane as l on l.lane_id = d.lane_id
  where (not p_filter ? 'id' or (
      jsonb_typeof(p_filter -> 'id') = 'array' and p_filter -> 'id' @> to_jsonb(d.id)
      or p_filter -> 'id' = to_jsonb(d.id)
    ))
    and (not p_filter ? 'event_type' or l.event_type = p_filter ->> 'event_type')
    and (not p_filter ? 'channel_name' or l.channel_name = p_filter ->> 'channel_name')
    and (not p_filter ? 'plugin_name' or d.plugin_name = p_filter ->> 'plugin_name')
    and (not p_filter ? 'reason' or d.reason = p_filter ->> 'reason')
    and (not p_filter ? 'error_code' or d.error_code like p_filter ->> 'error_code')
    and (not p_filter ? 'error' or d.error ~* (p_filter ->> 'error'))
    and (not p_filter ? 'correlation_id' or d.correlation_id = p_filter ->> 'correlation_id')
    and (not p_filter ? 'tag' or d.tags @> array[p_filter ->> 'tag'])
    and (not p_filter ? 'died_after' or d.died_at >= (p_filter ->> 'died_after')::timestamptz)
    and (not p_filter ? 'died_before' or d.died_at < (p_filter ->> 'died_before')::timestamptz)
  order by d.id
  limit p_limit
  for update of d skip locked;
exception
  -- A time or a pattern that is none: the server's own message, with our code and a hint.
  when data_exception then
    raise exception using
      errcode = 'PB003',
      message = sqlerrm,
      hint = 'Correct the filter; nothing was changed.';
end;
$$;

comment on function backlog_internal.matching_dead_letters(jsonb, int) is
  $$Return and lock up to p_limit dead letters that match a filter, in the order of their ids.

Raises PB003 when the filter is not an object, has an unknown key or a value that cannot be read.$$;
