create or replace function backlog.enqueue_retry_items(p_items jsonb, p_on_duplicate text = 'raise')
  returns table (item_position int, id bigint, event_id uuid, outcome text)
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_items backlog_internal.new_item[] := backlog_internal.parse_items(p_items);
  v_plain backlog_internal.new_item[];
  v_keyed backlog_internal.new_item[];
  v_now   timestamptz;
begin
  if p_on_duplicate is null or p_on_duplicate not in ('raise', 'skip', 'replace') then
    raise exception using
      errcode = 'PB003',
      message = format('on_duplicate must be raise, skip or replace, not %s', coalesce(p_on_duplicate, 'null')),
      hint = 'It says what happens when a live item has the same dedupe key.';
  end if;

  perform backlog_internal.ensure_lane(t.event_type, t.channel_name, t.priority)
  from (select distinct i.event_type, i.channel_name, i.priority from unnest(v_items) as i) as t;
  v_now := backlog_internal.write_clock();

  v_plain := array(select i from unnest(v_items) as i where i.dedupe_key is null);
  v_keyed := array(select i from unnest(v_items) as i where i.dedupe_key is not null);
  return query select * from backlog_internal.insert_items(v_plain, v_now);
  return query select * from backlog_internal.insert_unique_items(v_keyed, p_on_duplicate, v_now);

  perform backlog_internal.announce_work(t.event_type, v_now)
  from (select distinct i.event_type from unnest(v_items) as i) as t;
end;
$$;

comment on function backlog.enqueue_retry_items(jsonb, text) is
  $$Enqueue many retry items from one jsonb array of objects.

Each object has the keys of enqueue_retry_item's arguments without p_: event_type, event_data,
channel_name, plugin_name, event_metadata, max_retries, retry_delay_seconds, backoff_multiplier,
priority, correlation_id, tags, dedupe_key, run_at, expires_at. Returns one row per object, with its
position from 1: inserted, skipped or replaced; items without a dedupe key come first. What happens when
a live item has the dedupe key: raise undoes the whole call, skip returns that item, replace puts the new
item in its place (one that is being worked on is left to finish, without its key).

Raises PB003 when the array or an object is not as described, PB004 on a duplicate with raise; then
nothing is enqueued.$$;
