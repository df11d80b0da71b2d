create or replace function backlog_internal.recover_staged(p_pipeline_id bigint)
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_epoch  bigint := backlog_internal.current_epoch();
  v_counts text;
  v_lost   bigint[];
begin
  if not exists (
    select
    from backlog_internal.staged_item as s
    where s.pipeline_id = p_pipeline_id
      and s.held_token is not null
  ) then
    return 0;
  end if;

  select string_agg(format(
    'select d.backlog_item_id as item_id, d.backlog_lock_token as token, count(*) as rows from %s as d'
      ' where d.backlog_item_id is not null group by 1, 2',
    t.staging_table
  ), ' union all ')
  into v_counts
  from backlog_internal.pipeline_table as t
  where t.pipeline_id = p_pipeline_id;

  -- Counting finds what no mark can: rows that somebody deleted or truncated by hand.
  execute format(
    'select array_agg(s.item_id)'
      ' from backlog_internal.staged_item as s'
      ' left join (select c.item_id, c.token, sum(c.rows) as rows from (%s) as c group by 1, 2) as h'
      ' on h.item_id = s.item_id and h.token = s.lock_token'
      ' where s.pipeline_id = $1 and s.held_token is not null'
      ' and (s.epoch <> $2 and s.row_count > 0 or s.row_count <> coalesce(h.rows, 0) or not exists ('
      '  select from backlog_internal.retry_lease as l'
      '  where l.token = s.held_token and l.ids @> array[s.item_id]))',
    coalesce(v_counts, 'select null::bigint as item_id, null::bigint as token, 0 as rows')
  )
  into v_lost
  using p_pipeline_id, v_epoch;

  return backlog_internal.release_staged(v_lost);
end;
$$;

comment on function backlog_internal.recover_staged(bigint) is
  $$Give back the items of a pipeline whose staged rows are not all there any more; return how many.

Rows are lost in a crash of the server, which empties unlogged tables, or by hand. Items that were
cancelled are forgotten.$$;
