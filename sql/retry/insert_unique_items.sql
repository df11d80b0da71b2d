create or replace function backlog_internal.insert_unique_items(
  p_items jsonb,
  p_on_duplicate text,
  p_now timestamptz
)
  returns table (item_position int, id bigint, event_id uuid, outcome text)
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_item     backlog_internal.new_item;
  v_lane     int;
  v_made     boolean;
  v_replaced boolean;
begin
  -- One by one, in the order of the keys: a later item may meet an earlier one of the same batch, and
  -- two producers that send the same keys must not deadlock.
  for v_item in
    select i.*
    from backlog_internal.read_items(p_items) as i
    order by i.event_type, i.channel_name, i.dedupe_key, i.place
  loop
    v_lane := backlog_internal.lane_for_item(v_item);
    v_replaced := false;
    loop
      select e.id, e.event_id, e.inserted
      into id, event_id, v_made
      from backlog_internal.enqueue_unique(
        v_lane, v_item.dedupe_key, v_item.priority, v_item.max_retries, v_item.retry_delay_seconds,
        v_item.backoff_multiplier, greatest(v_item.run_at, p_now), p_now, v_item.expires_at,
        v_item.plugin_name, v_item.correlation_id, v_item.tags, v_item.event_metadata,
        v_item.event_data
      ) as e;
      exit when v_made or p_on_duplicate <> 'replace';
      perform backlog_internal.make_way(id, v_lane, p_now);
      v_replaced := true;
    end loop;

    if not v_made and p_on_duplicate <> 'skip' then
      raise exception using
        errcode = 'PB004',
        message = format(
          'item %s: retry item %s of %s already has the dedupe key %s',
          v_item.place, id, v_item.event_type, v_item.dedupe_key
        ),
        hint = 'Pass skip to keep the item that is there, or replace. Nothing was enqueued.';
    end if;
    item_position := v_item.place;
    outcome := case when not v_made then 'skipped' when v_replaced then 'replaced' else 'inserted' end;
    return next;
  end loop;
end;
$$;

comment on function backlog_internal.insert_unique_items(jsonb, text, timestamptz) is
  $$Insert items of which some have a dedupe key, and say of each whether it was inserted, skipped or replaced.

Raises PB004 at the first duplicate when p_on_duplicate is raise.$$;
