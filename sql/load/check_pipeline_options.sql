create or replace function backlog_internal.check_pipeline_options(
  p_load_delay int,
  p_min_rows bigint,
  p_max_rejects bigint,
  p_max_reject_ratio numeric,
  p_auto_load boolean,
  p_checkpoint_payload text
)
  returns void
  language plpgsql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_problem text := case
    when p_load_delay is null or p_load_delay < 0 then format('load_delay %s', p_load_delay)
    when p_min_rows is null or p_min_rows < 1 then format('min_rows %s', p_min_rows)
    when p_max_rejects < 0 then format('max_rejects %s', p_max_rejects)
    when p_max_reject_ratio not between 0 and 1 then format('max_reject_ratio %s', p_max_reject_ratio)
    when p_auto_load is null then 'auto_load null'
    when p_checkpoint_payload not in ('none', 'keys', 'records')
      then format('checkpoint_payload %s', p_checkpoint_payload)
  end;
begin
  if v_problem is not null then
    raise exception using
      errcode = 'PB003',
      message = format('option out of range: %s', v_problem),
      hint = 'Delays and limits are not negative, min_rows is at least 1, a ratio is from 0 to 1, a '
        'checkpoint payload is none, keys or records.';
  end if;
end;
$$;

comment on function backlog_internal.check_pipeline_options(
  int, bigint, bigint, numeric, boolean, text
) is
  $$Check the options of a pipeline.

Raises PB003 when one is out of range.$$;
