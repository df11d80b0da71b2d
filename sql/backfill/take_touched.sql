create or replace function backlog_internal.take_touched(
  p_backfill_id bigint,
  p_limit int,
  out touched bigint,
  out keys text[]
)
  language sql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
  with gone as (
    delete from backlog_internal.backfill_touched as t
    where t.touched_id in (
      select c.touched_id
      from backlog_internal.backfill_touched as c
      where c.backfill_id = p_backfill_id
        and c.key is not null
      order by c.touched_id
      limit p_limit
    )
    returning t.key
  )
  select count(*), coalesce(array_agg(distinct g.key::text), array[]::text[])
  from gone as g
$$;

comment on function backlog_internal.take_touched(bigint, int) is
  $$Take up to p_limit of the keys that were touched (null: all); return how many, and each once, an array as
text.$$;
