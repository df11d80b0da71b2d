create or replace function backlog_internal.copy_keys(
  p_backfill backlog_internal.backfill,
  p_limit int,
  out touched bigint,
  out written bigint
)
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_keys   text[];
  v_values text;
begin
  -- Taken before the rows are read: a change after that is noted anew.
  with gone as (
    delete from backlog_internal.backfill_touched as t
    where t.touched_id in (
      select c.touched_id
      from backlog_internal.backfill_touched as c
      where c.backfill_id = p_backfill.backfill_id
        and c.key is not null
      order by c.touched_id
      limit p_limit
    )
    returning t.key
  )
  select count(*), array_agg(distinct g.key::text)
  into touched, v_keys
  from gone as g;
  written := 0;
  if touched = 0 then
    return;
  end if;

  select 'values ' || string_agg(format('(%s)', (
    select string_agg(format('%L::%s', u.value, u.type), ', ' order by u.place)
    from unnest(k.value::text[], p_backfill.key_types) with ordinality as u (value, type, place)
  )), ', ')
  into v_values
  from unnest(v_keys) as k (value);
  written := backlog_internal.match_keys(p_backfill, v_values);
end;
$$;

comment on function backlog_internal.copy_keys(backlog_internal.backfill, int) is
  $$Make the destination equal to the source at up to p_limit of the keys that were touched (null: all).

Returns how many were touched and how many rows were written or deleted.$$;
