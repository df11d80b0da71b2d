create or replace function backlog.enqueue_retry_items(p_items jsonb, p_on_duplicate text = 'raise')
  returns table (item_position int, id bigint, event_id uuid, outcome text)
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_now     timestamptz := backlog_internal.write_clock();
  v_problem text := case
    when p_on_duplicate is null or p_on_duplicate not in ('raise', 'skip', 'replace') then
      'on_duplicate must be raise, skip or replace'
    when p_items is null or jsonb_typeof(p_items) <> 'array' then
      'items must be a jsonb array of objects'
  end;
begin
  if v_problem is not null then
    raise exception using
      errcode = 'PB003',
      message = v_problem,
      hint = 'See the comment of backlog.enqueue_retry_items. Nothing was enqueued.';
  end if;

  if p_items @? '$[*].dedupe_key' then
    return query
    select * from backlog_internal.insert_unique_items(p_items, p_on_duplicate, v_now);
  else
    return query select * from backlog_internal.insert_items(p_items, v_now);
  end if;

  if exists (select 1 from backlog_internal.listener as l where l.idle_until > v_now) then
    perform backlog_internal.announce_work(t.event_type, v_now)
    from (select distinct i.event_type from backlog_internal.read_items(p_items) as i) as t;
  end if;
exception
  -- A number or a time that is none: the cast's own message, with our code and a hint.
  when data_exception then
    raise exception using
      errcode = 'PB003',
      message = sqlerrm,
      hint = 'See the comment of backlog.enqueue_retry_items for the types. Nothing was enqueued.';
end;
$$;

comment on function backlog.enqueue_retry_items(jsonb, text) is
  $$Enqueue many retry items from one jsonb array of objects.

Each object has the keys of enqueue_retry_item's arguments without p_: event_type, event_data,
channel_name, plugin_name, event_metadata, max_retries, retry_delay_seconds, backoff_multiplier,
priority, correlation_id, tags, dedupe_key, run_at, expires_at. Returns one row per object, with its
position from 1: inserted, skipped or replaced. What happens when a live item has the dedupe key: raise
undoes the whole call, skip returns that item, replace puts the new item in its place (one that is being
worked on is left to finish, without its key).

Raises PB003 when the array or an object is not as described, PB004 on a duplicate with raise; then
nothing is enqueued.$$;
