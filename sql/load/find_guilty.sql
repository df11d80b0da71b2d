create or replace function backlog_internal.find_guilty(
  p_load_id bigint,
  p_table backlog_internal.pipeline_table,
  p_limit int,
  out o_guilty jsonb,
  out o_attempts int
)
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows   text := backlog_internal.load_rows(p_load_id, p_table.pipeline_table_id);
  v_places tid[];
  v_copied int;
  -- Stretches of places still to be tried, the next one last: where each begins and ends, whether it
  -- must hold a guilty row, and whether the one below is its other half.
  v_first  int[];
  v_last   int[];
  v_bad    boolean[];
  v_half   boolean[];
  v_top    int;
  v_from   int;
  v_to     int;
  v_error  jsonb;
begin
  execute format(
    'select array_agg(r.backlog_row order by r.backlog_source = $1 desc, r.backlog_row),'
      ' count(*) filter (where r.backlog_source = $1) from (%s) as r',
    v_rows
  )
  into v_places, v_copied
  using p_table.delta_table::oid;
  o_guilty := '[]';
  o_attempts := 0;

  -- The newest rows are tried first: of two that exclude each other the older is at fault.
  v_first := array[1, v_copied + 1];
  v_last := array[v_copied, cardinality(v_places)];
  v_bad := array[v_copied = cardinality(v_places), v_copied = 0];
  v_half := array[false, true];
  loop
    v_top := cardinality(v_first);
    exit when v_top = 0;
    v_from := v_first[v_top];
    v_to := v_last[v_top];
    v_error := null;
    if v_from = v_to or v_from < v_to and not v_bad[v_top] then
      if o_attempts >= p_limit then
        o_guilty := null;
        return;
      end if;
      o_attempts := o_attempts + 1;
      v_error := backlog_internal.merge_chunk(
        p_load_id, p_table, v_rows,
        case when v_to <= v_copied then p_table.delta_table else p_table.staging_table end,
        v_places[v_from], v_places[v_to]
      );
    end if;

    if v_from < v_to and (v_bad[v_top] or v_error is not null) then
      v_first := v_first[: v_top - 1] || array[v_from, (v_from + v_to) / 2 + 1];
      v_last := v_last[: v_top - 1] || array[(v_from + v_to) / 2, v_to];
      v_bad := v_bad[: v_top - 1] || array[false, false];
      v_half := v_half[: v_top - 1] || array[false, true];
      continue;
    end if;
    if v_error is not null then
      o_guilty := o_guilty || v_error;
    elsif v_half[v_top] and v_from <= v_to then
      -- This half is good, so it is the other one that spoiled the whole.
      v_bad[v_top - 1] := true;
    end if;
    v_first := v_first[: v_top - 1];
    v_last := v_last[: v_top - 1];
    v_bad := v_bad[: v_top - 1];
    v_half := v_half[: v_top - 1];
  end loop;
end;
$$;

comment on function backlog_internal.find_guilty(bigint, backlog_internal.pipeline_table, int) is
  $$Find the rows of one table that the database does not accept, by halving what it refuses as a whole.

Each attempt is a subtransaction; k guilty rows among n take about k times log n of them. o_guilty has an
object for each, or is null when p_limit attempts were not enough. The caller undoes what was merged.$$;
