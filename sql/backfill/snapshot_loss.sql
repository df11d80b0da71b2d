create or replace function backlog_internal.snapshot_loss(p_backfill backlog_internal.backfill)
  returns text
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if p_backfill.snapshot_name is null then
    return 'no snapshot was taken yet';
  elsif cardinality(backlog_internal.snapshot_holders(p_backfill.backfill_id, p_backfill.snapshot_number)) = 0 then
    return format('no session holds its snapshot of %s any more', p_backfill.snapshot_at);
  end if;
  return backlog_internal.snapshot_damage(p_backfill);
end;
$$;

comment on function backlog_internal.snapshot_loss(backlog_internal.backfill) is
  $$Say why chunks of a backfill cannot be read in its snapshot; null when they can.$$;
