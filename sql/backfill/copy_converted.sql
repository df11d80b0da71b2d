create or replace function backlog_internal.copy_converted(p_sql text, p_row text = null)
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  set timezone = 'UTC'
  set datestyle = 'ISO'
  set intervalstyle = 'postgres'
  set extra_float_digits = 1
  set bytea_output = 'hex'
  set row_security = off
as $$
declare
  v_rows bigint;
begin
  execute p_sql using p_row;
  get diagnostics v_rows = row_count;
  return v_rows;
end;
$$;

comment on function backlog_internal.copy_converted(text, text) is
  $$Run a statement that turns values into ones of other types, which depends on settings; return how many rows it
wrote. p_row is its parameter, if it has one.

Whoever works on a backfill, from whatever session, gets the same: times without a zone are those of UTC.$$;
