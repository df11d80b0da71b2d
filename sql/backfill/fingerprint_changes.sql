create or replace function backlog_internal.fingerprint_changes(p_backfill backlog_internal.backfill)
  returns text
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select string_agg(
      case
        when n.value is null or n.value = 'null' then format('%s is gone', coalesce(o.key, n.key))
        when o.value is null then format('%s is new', n.key)
        when jsonb_typeof(o.value) = 'string' and o.key like 'column %'
          then format('%s was %s and is %s', o.key, o.value #>> '{}', n.value #>> '{}')
        else format('the %s changed', o.key)
      end,
      ', ' order by coalesce(o.key, n.key)
    )
    from jsonb_each(p_backfill.fingerprint) as o
    full join jsonb_each(backlog_internal.backfill_fingerprint(p_backfill)) as n on n.key = o.key
    where o.value is distinct from n.value
  );
end;
$$;

comment on function backlog_internal.fingerprint_changes(backlog_internal.backfill) is
  $$Say what changed under a backfill since it was planned; null when nothing did.$$;
