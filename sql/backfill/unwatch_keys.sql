create or replace function backlog_internal.unwatch_keys(p_backfill backlog_internal.backfill)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_trigger record;
begin
  for v_trigger in
    select t.tgname, t.tgrelid::regclass as table_name
    from pg_trigger as t
    where t.tgname in (
        select format('pgbacklog_backfill_%s_%s', p_backfill.backfill_id, e.event)
        from unnest(array['insert', 'update', 'delete', 'truncate', 'replica']) as e (event)
      )
      and not t.tgisinternal
    order by t.tgrelid, t.tgname
  loop
    execute format('drop trigger %I on %s', v_trigger.tgname, v_trigger.table_name);
  end loop;
  delete from backlog_internal.backfill_touched as t where t.backfill_id = p_backfill.backfill_id;
  update backlog_internal.backfill as b
  set
    watched_tables = null,
    unwatched_at = backlog_internal.clock(),
    throttled_at = null,
    throttle_reason = null
  where b.backfill_id = p_backfill.backfill_id
    and b.consistency = 'converge';
end;
$$;

comment on function backlog_internal.unwatch_keys(backlog_internal.backfill) is
  $$Drop the triggers of a converging backfill and what they noted, and note that changes are missed from now on.$$;
