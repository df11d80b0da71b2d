create or replace function backlog.create_pipeline(
  p_pipeline text,
  p_description text = null,
  p_load_delay int = 60,
  p_min_rows bigint = 10000,
  p_max_rejects bigint = null,
  p_max_reject_ratio numeric = null,
  p_auto_load boolean = true,
  p_checkpoint_payload text = null
)
  returns bigint
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_pipeline_id bigint;
begin
  if coalesce(p_pipeline, '') !~ '^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,62}$' then
    raise exception using
      errcode = 'PB003',
      message = format('%s is not a pipeline name', coalesce(quote_literal(p_pipeline), 'null')),
      hint = 'Use 1 to 63 letters, digits, dots, dashes and underscores.';
  end if;
  perform backlog_internal.check_pipeline_options(
    p_load_delay, p_min_rows, p_max_rejects, p_max_reject_ratio, p_auto_load, p_checkpoint_payload
  );

  insert into backlog_internal.pipeline (
    name, description, load_delay_seconds, min_rows, max_rejects, max_reject_ratio, auto_load,
    checkpoint_payload, created_by, created_at
  )
  values (
    p_pipeline, p_description, p_load_delay, p_min_rows, p_max_rejects, p_max_reject_ratio,
    p_auto_load, p_checkpoint_payload, backlog_internal.caller(), backlog_internal.clock()
  )
  on conflict (name) do nothing
  returning pipeline_id
  into v_pipeline_id;

  if v_pipeline_id is null then
    raise exception using
      errcode = 'PB102',
      message = format('there is a pipeline %L already', p_pipeline),
      hint = 'Choose another name, or change that one with backlog.set_pipeline.';
  end if;

  return v_pipeline_id;
end;
$$;

comment on function backlog.create_pipeline(text, text, int, bigint, bigint, numeric, boolean, text) is
  $$Make a pipeline: a named flow into tables that backlog.add_pipeline_table adds. Return its id.

A load is due when p_min_rows rows wait, when the oldest has waited p_load_delay seconds, or when
there is nothing left to fetch. A load that rejects more than p_max_rejects rows, or more than the
share p_max_reject_ratio of them, is refused and changes nothing. With p_auto_load false only
explicit calls of backlog.load_pipeline load it. The checkpoint events of its loads hold the rows that
were inserted and updated, or their keys, if p_checkpoint_payload is records or keys, and never if it is
none; when it is null, as much as the hooks ask for.

Raises PB003 when an option is out of range, PB102 when the name is taken.$$;
