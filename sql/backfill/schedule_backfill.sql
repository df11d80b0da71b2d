create or replace function backlog.schedule_backfill(
  p_name text,
  p_every interval,
  p_options jsonb,
  p_first_at timestamptz = null
)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_unknown text;
begin
  if coalesce(p_name, '') !~ '^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,62}$' or p_every is null
    or p_every < interval '1 second' or jsonb_typeof(p_options) is distinct from 'object'
  then
    raise exception using
      errcode = 'PB003',
      message = 'a schedule needs a plain name, a period of a second or more, and options',
      hint = 'The options are the arguments of backlog.create_backfill without p_, as one document.';
  end if;
  select string_agg(k, ', ') into v_unknown
  from jsonb_object_keys(p_options) as k
  where k not in (
    'pipeline', 'table_name', 'filters', 'destination', 'columns', 'mapping', 'predicate', 'consistency',
    'batch_size', 'scan_size', 'workers', 'priority', 'on_error', 'create_target', 'incremental', 'key'
  );
  if v_unknown is not null then
    perform backlog_internal.raise_invalid_backfill(
      format('there is no option %s', v_unknown),
      'The options are the arguments of backlog.create_backfill without p_.'
    );
  end if;
  perform backlog_internal.define_backfill(
    backlog_internal.backfill_defaults() || p_options, backlog_internal.caller()
  );

  insert into backlog_internal.backfill_schedule (name, options, every, next_at, created_by, created_at)
  values (
    p_name,
    p_options || jsonb_build_object('settings', jsonb_build_object(
      'TimeZone', current_setting('TimeZone'), 'DateStyle', current_setting('DateStyle'),
      'IntervalStyle', current_setting('IntervalStyle')
    )),
    p_every, coalesce(p_first_at, backlog_internal.clock()), backlog_internal.caller(),
    backlog_internal.clock()
  )
  on conflict (name) do update
  set
    options = excluded.options,
    every = excluded.every,
    next_at = excluded.next_at,
    created_by = excluded.created_by,
    last_error = null;
end;
$$;

comment on function backlog.schedule_backfill(text, interval, jsonb, timestamptz) is
  $$Make a backfill every p_every, from p_first_at (now) on; backlog.tick does it.

p_options has the arguments of backlog.create_backfill without p_; with incremental each run reads what is
new since the last one that completed. Runs have the rights of who schedules them, and read times as the
session that did; days are those of its time zone. While the last run is
not over, none is added. A schedule of the same name is replaced.

Raises PB003 when an argument is of the wrong shape, and what create_backfill raises.$$;
