create or replace function backlog_internal.bisect_keys(
  p_backfill backlog_internal.backfill,
  p_chunk backlog_internal.backfill_chunk,
  out touched bigint,
  out written bigint,
  out refusals backlog_internal.incident[]
)
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_taken      record;
  v_parts      int4range[];
  v_part       int4range;
  v_middle     int;
  v_constraint text;
begin
  v_taken := backlog_internal.take_touched(p_backfill.backfill_id, greatest(p_backfill.batch_size, 5000));
  touched := v_taken.touched;
  written := 0;
  refusals := array[]::backlog_internal.incident[];
  v_parts := array[int4range(1, cardinality(v_taken.keys) + 1)];
  while cardinality(v_parts) > 0 loop
    v_part := v_parts[cardinality(v_parts)];
    v_parts := v_parts[:cardinality(v_parts) - 1];
    continue when isempty(v_part);
    begin
      written := written + backlog_internal.match_keys(
        p_backfill,
        backlog_internal.key_values(p_backfill, v_taken.keys[lower(v_part) : upper(v_part) - 1])
      );
    exception
      when data_exception or integrity_constraint_violation or cardinality_violation
        or raise_exception or with_check_option_violation or program_limit_exceeded or feature_not_supported
      then
        v_middle := (lower(v_part) + upper(v_part)) / 2;
        if v_middle > lower(v_part) then
          v_parts := v_parts || int4range(v_middle, upper(v_part)) || int4range(lower(v_part), v_middle);
          continue;
        end if;
        get stacked diagnostics v_constraint = constraint_name;
        refusals := refusals || backlog_internal.refusal(
          p_backfill, p_chunk, backlog_internal.key_record(p_backfill, v_taken.keys[v_middle]), sqlerrm, sqlstate,
          v_constraint
        );
        perform backlog_internal.check_refusals(refusals);
    end;
  end loop;

  -- No more than were there when the chunk was made, as long as nothing is refused.
  if touched > 0 and touched < p_chunk.rows_estimated then
    perform backlog_internal.add_touched_chunk(p_backfill.backfill_id);
  end if;
end;
$$;

comment on function backlog_internal.bisect_keys(
  backlog_internal.backfill, backlog_internal.backfill_chunk
) is
  $$Copy a chunk of touched keys that the destination refuses as a whole: halve it until the keys at fault are
alone. What is left, beyond a batch of them, becomes another chunk.

Returns how many were touched, how many rows were written, and the incidents of those that were refused.

Raises PB306 when too many are refused.$$;
