create or replace function backlog_internal.check_refusals(p_refusals backlog_internal.incident[])
  returns void
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_limit bigint := backlog_internal.setting('backfill_max_refused_rows')::bigint;
begin
  if cardinality(p_refusals) > v_limit then
    raise exception using
      errcode = 'PB306',
      message = format('more than %s rows of one chunk were refused', v_limit),
      hint = 'Nothing of the chunk was kept. Cure the cause, or raise the setting backfill_max_refused_rows.';
  end if;
end;
$$;

comment on function backlog_internal.check_refusals(backlog_internal.incident[]) is
  $$Insist that not too many rows of a chunk were refused.

Raises PB306 when they are more than the setting backfill_max_refused_rows.$$;
