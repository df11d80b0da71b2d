create or replace function backlog_internal.has_copied(p_backfill_id bigint)
  returns boolean
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select from backlog_internal.backfill_chunk as c
    where c.backfill_id = p_backfill_id and c.state = 'COMPLETED'
  )
$$;

comment on function backlog_internal.has_copied(bigint) is
  $$Tell whether a chunk of a backfill is completed.$$;
