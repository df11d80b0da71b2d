create or replace function backlog.discard_dead_letters(
  p_filter jsonb = '{}',
  p_limit int = 100,
  p_dry_run boolean = false,
  p_reason text = null
)
  returns table (id bigint, event_type text, channel_name text, outcome text)
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_now  timestamptz := backlog_internal.clock();
  v_dead backlog_internal.dead_letter[];
begin
  if p_dry_run is null then
    raise exception using
      errcode = 'PB003',
      message = 'dry_run must be true or false',
      hint = 'True only returns what would go.';
  end if;

  v_dead := array(select d from backlog_internal.matching_dead_letters(p_filter, p_limit) as d);
  if not p_dry_run then
    perform backlog_internal.end_dead_letter(d, 'discarded', p_reason, v_now)
    from unnest(v_dead) as d;
  end if;

  return query
  select d.id, l.event_type, l.channel_name, 'discarded'::text
  from unnest(v_dead) as d
  join backlog_internal.retry_lane as l on l.lane_id = d.lane_id
  order by d.id;
end;
$$;

comment on function backlog.discard_dead_letters(jsonb, int, boolean, text) is
  $$Discard dead letters for good; the history keeps that they were, and the reason.

p_filter and p_limit as in redrive_dead_letters; p_dry_run only returns what would go. Returns one row
per dead letter.

Raises PB003 when an argument is out of range.$$;
