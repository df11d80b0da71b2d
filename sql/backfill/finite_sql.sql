create or replace function backlog_internal.finite_sql(p_column text, p_type oid)
  returns text
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select case
    when b.type in ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype)
      then format('isfinite(%s)', p_column)
    when b.type in ('numeric'::regtype, 'real'::regtype, 'double precision'::regtype)
      then format('%1$s < ''Infinity'' and %1$s > ''-Infinity''', p_column)
    else 'true'
  end
  from (
    select coalesce(nullif(t.typbasetype, 0), t.oid)::regtype as type from pg_type as t where t.oid = p_type
  ) as b
$$;
comment on function backlog_internal.finite_sql(text, oid) is
  $$Write the condition that a column is a number or a time at which one can arrive.$$;
