create or replace function backlog_internal.dense_end(
  p_backfill backlog_internal.backfill,
  p_chunk backlog_internal.backfill_chunk,
  p_rows int
)
  returns text[]
  language plpgsql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_lower numeric;
  v_span  numeric;
begin
  if p_chunk.kind <> 'range'
    or p_backfill.plan_kind <> 'histogram'
    or p_backfill.where_sql <> 'true'
    or not p_backfill.key_is_unique
    or p_backfill.key_types not in (array['bigint'], array['integer'], array['smallint'])
    or p_chunk.lower_key is null
    or p_chunk.upper_key is null
  then
    return null;
  end if;
  v_lower := p_chunk.lower_key[1]::numeric;
  v_span := p_chunk.upper_key[1]::numeric - v_lower;
  -- So many keys are so many rows at most, whatever the statistics say; they only tell that it is worth it.
  if v_span <= p_rows then
    return p_chunk.upper_key;
  elsif p_chunk.rows_estimated < v_span * 0.8 then
    return null;
  end if;
  -- In even parts, so that no tiny one is left in the end.
  return array[(v_lower + ceil(v_span / ceil(v_span / p_rows)))::text];
end;
$$;

comment on function backlog_internal.dense_end(
  backlog_internal.backfill, backlog_internal.backfill_chunk, int
) is
  $$Return the key with which a chunk must end to hold p_rows rows at most, where that can be told without
reading: whole numbers, each used once, with few gaps. Null elsewhere.$$;
