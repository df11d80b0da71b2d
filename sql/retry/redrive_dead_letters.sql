create or replace function backlog.redrive_dead_letters(
  p_filter jsonb = '{}',
  p_limit int = 100,
  p_dry_run boolean = false,
  p_spread_over int = 0,
  p_force boolean = false
)
  returns table (id bigint, event_type text, channel_name text, run_at timestamptz, outcome text)
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_now   timestamptz := backlog_internal.write_clock();
  v_dead  backlog_internal.dead_letter[];
  v_count int;
  v_place int := 0;
  v_one   backlog_internal.dead_letter;
begin
  if p_spread_over is null or p_spread_over < 0 or p_dry_run is null or p_force is null then
    raise exception using
      errcode = 'PB003',
      message = 'spread_over must be 0 or more seconds; dry_run and force must be true or false',
      hint = 'Spread over 0 seconds, all of them are due at once.';
  end if;

  v_dead := array(select d from backlog_internal.matching_dead_letters(p_filter, p_limit) as d);
  v_count := cardinality(v_dead);

  -- One by one: each may hold a dedupe key that a live item or an earlier one has taken.
  foreach v_one in array v_dead loop
    id := v_one.id;
    select l.event_type, l.channel_name
    into event_type, channel_name
    from backlog_internal.retry_lane as l
    where l.lane_id = v_one.lane_id;
    run_at := v_now + make_interval(secs => p_spread_over::double precision * v_place / v_count);
    outcome := backlog_internal.redrive_one(v_one, event_type, run_at, v_now, p_dry_run, p_force);
    if outcome <> 'redriven' then
      run_at := null;
    end if;
    v_place := v_place + 1;
    return next;
  end loop;

  if not p_dry_run then
    perform backlog_internal.announce_work(e.event_type, v_now)
    from (
      select distinct l.event_type
      from backlog_internal.retry_lane as l
      where l.lane_id in (select d.lane_id from unnest(v_dead) as d)
    ) as e;
  end if;
end;
$$;

comment on function backlog.redrive_dead_letters(jsonb, int, boolean, int, boolean) is
  $$Put dead letters back to work, keeping their id, event_id and errors, with a fresh count of attempts.

p_filter is a jsonb object with any of id (one or an array), event_type, channel_name, plugin_name,
reason, error_code (LIKE pattern), error (regular expression), correlation_id, tag, died_after and
died_before. At most p_limit are taken; p_spread_over spreads them over so many seconds; p_dry_run
changes nothing. Returns one row per dead letter: redriven, duplicate when a live item has its dedupe
key, or exhausted when it has been redriven as often as its policy allows and p_force is not set.

Raises PB003 when an argument is out of range.$$;
