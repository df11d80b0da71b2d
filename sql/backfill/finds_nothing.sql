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
  v_known  text := current_setting('backlog.backfill_empty', true);
  v_places smallint[];
  v_index  oid;
  v_found  boolean;
begin
  if p_chunk.kind <> 'range' then
    return false;
  end if;
  -- As with the last chunk, most likely; if not, the first row that is there says so.
  if split_part(v_known, ' ', 1) = p_backfill.backfill_id::text and exists (
    select
    from pg_index as i
    where i.indexrelid = split_part(v_known, ' ', 2)::oid
      and i.indrelid = p_backfill.target_table
      and i.indisunique
      and i.indimmediate
      and i.indisvalid
  ) then
    return true;
  end if;

  if p_backfill.target_key is distinct from backlog_internal.mapped_key(p_backfill) then
    return false;
  end if;
  v_places := array(
    select a.attnum
    from unnest(p_backfill.target_key) with ordinality as k (name, place)
    join pg_attribute as a on a.attrelid = p_backfill.target_table and a.attname = k.name
    order by k.place
  );
  select i.indexrelid into v_index
  from pg_index as i
  where i.indrelid = p_backfill.target_table
    and i.indisunique
    and i.indimmediate
    and i.indisvalid
    and i.indpred is null
    and i.indexprs is null
    and (i.indkey::smallint[])[0:i.indnkeyatts - 1] = v_places
  limit 1;
  if v_index is null then
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
  perform set_config(
    'backlog.backfill_empty', case when v_found then '' else p_backfill.backfill_id || ' ' || v_index end, false
  );
  return not v_found;
end;
$$;

comment on function backlog_internal.finds_nothing(
  backlog_internal.backfill, backlog_internal.backfill_chunk
) is
  $$Tell whether the destination has no row in the range of a chunk, as far as its key can tell quickly.

It is looked up for the first chunk; as long as that was true the session takes it for true of those that follow,
until the caller empties backlog.backfill_empty because a row was there.$$;
