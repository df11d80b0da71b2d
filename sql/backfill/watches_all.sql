create or replace function backlog_internal.watches_all(p_backfill backlog_internal.backfill)
  returns boolean
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select not exists (
    select
    from unnest(p_backfill.watched_tables) as w (table_oid)
    join pg_class as c on c.oid = w.table_oid
    where (
      select count(*)
      from pg_trigger as t
      -- That it depends on its function was written down when it was made; a trigger that was disabled since,
      -- if only for a while, has been written anew.
      join pg_depend as d
        on d.classid = 'pg_trigger'::regclass and d.objid = t.oid
        and d.refclassid = 'pg_proc'::regclass and d.refobjid = t.tgfoid
        and d.xmin = t.xmin
      where t.tgrelid = c.oid
        and t.tgname in (
          select format('pgbacklog_backfill_%s_%s', p_backfill.backfill_id, e.event)
          from unnest(array['insert', 'update', 'delete', 'truncate', 'replica']) as e (event)
        )
    ) <> case c.relkind when 'r' then 5 else 4 end
  )
$$;
comment on function backlog_internal.watches_all(backlog_internal.backfill) is
  $$Tell whether the triggers of a backfill that converges are as they were made: none was dropped or disabled.$$;
