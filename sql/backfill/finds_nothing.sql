create or replace function backlog_internal.finds_nothing(
  p_backfill backlog_internal.backfill,
  p_chunk backlog_internal.backfill_chunk
)
  returns boolean
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  set plan_cache_mode = force_generic_plan
as $$
declare
  v_places smallint[];
  v_found  boolean;
begin
  if p_chunk.kind <> 'range' or p_backfill.target_key is distinct from backlog_internal.mapped_key(p_backfill) then
    return false;
  end if;
  v_places := array(
    select a.attnum
    from unnest(p_backfill.target_key) with ordinality as k (name, place)
    join pg_attribute as a on a.attrelid = p_backfill.target_table and a.attname = k.name
    order by k.place
  );
  if not exists (
    select
    from pg_index as i
    where i.indrelid = p_backfill.target_table
      and i.indisunique
      and i.indpred is null
      and i.indexprs is null
      and (i.indkey::smallint[])[0:i.indnkeyatts - 1] = v_places
  ) then
    return false;
  end if;
  execute format(
    'select exists (select from %s as t where %s)', p_backfill.target_table,
    backlog_internal.range_sql(
      array(
        select format('t.%I', k.name) from unnest(p_backfill.target_key) with ordinality as k (name, place)
        order by k.place
      ),
      p_backfill.key_types, p_chunk.lower_key, p_chunk.upper_key
    )
  )
  into v_found;
  return not v_found;
end;
$$;

comment on function backlog_internal.finds_nothing(
  backlog_internal.backfill, backlog_internal.backfill_chunk
) is
  $$Tell whether the destination has no row in the range of a chunk, as far as its key can tell quickly.$$;
