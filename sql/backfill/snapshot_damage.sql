create or replace function backlog_internal.snapshot_damage(p_backfill backlog_internal.backfill)
  returns text
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_then jsonb := p_backfill.snapshot_files -> 'tables';
  v_now  jsonb := backlog_internal.snapshot_files(p_backfill.source_table) -> 'tables';
begin
  if exists (
    select
    from jsonb_each(v_then) as o
    left join jsonb_each(v_now) as n on n.key = o.key
    where n.value is distinct from o.value
  )
  -- A partition that was made later can hold no row that the snapshot sees.
  or exists (
    select
    from jsonb_object_keys(v_now) as n (key)
    where not v_then ? n.key
      and n.key::bigint <= (p_backfill.snapshot_files ->> 'newest')::bigint
  ) then
    return format(
      '%s or a part of it was truncated, rewritten, attached or detached since its snapshot of %s',
      p_backfill.source_table, p_backfill.snapshot_at
    );
  end if;
  return null;
end;
$$;

comment on function backlog_internal.snapshot_damage(backlog_internal.backfill) is
  $$Say why the snapshot of a backfill does not show all its rows any more; null when it does.$$;
