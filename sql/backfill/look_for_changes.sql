create or replace function backlog_internal.look_for_changes(p_backfill backlog_internal.backfill)
  returns text
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_seen    text;
  v_changes text;
begin
  -- Whatever changes a table or a view writes its rows of the catalog anew.
  v_seen := (
    select md5(string_agg(format('%s %s %s', a.attrelid, a.xmin, a.ctid), ' ' order by a.attrelid, a.attnum))
    from pg_attribute as a
    where a.attrelid in (p_backfill.source_table, p_backfill.target_table)
      and a.attnum > 0
  ) || format(
    ' %s %s %s', p_backfill.backfill_id,
    (select string_agg(c.oid::text, ' ' order by c.oid) from pg_class as c
     where c.oid in (p_backfill.source_table, p_backfill.target_table)),
    (select string_agg(format('%s %s', r.xmin, r.ctid), ' ' order by r.oid) from pg_rewrite as r
     where r.ev_class = p_backfill.source_table)
  );
  if v_seen = current_setting('backlog.backfill_seen', true) then
    return null;
  end if;
  v_changes := backlog_internal.fingerprint_changes(p_backfill);
  perform set_config('backlog.backfill_seen', case when v_changes is null then v_seen else '' end, false);
  return v_changes;
end;
$$;

comment on function backlog_internal.look_for_changes(backlog_internal.backfill) is
  $$Say what changed under a backfill since it was planned, or null; compares all only when the catalog's rows
are not the ones that this session saw last.$$;
