create or replace function backlog_internal.copy_rows_singly(
  p_backfill backlog_internal.backfill,
  p_chunk backlog_internal.backfill_chunk,
  p_where text,
  out written bigint,
  out refusals backlog_internal.incident[]
)
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  set datestyle = 'ISO'
  set intervalstyle = 'postgres'
  set extra_float_digits = 1
  set row_security = off
as $$
declare
  v_copy       text := backlog_internal.copy_sql(
    p_backfill, 'true', format('(select ($1::%s).*)', p_backfill.source_table)
  );
  v_converts   boolean := coalesce(p_backfill.converts, backlog_internal.converts(p_backfill));
  v_row        text;
  v_record     jsonb;
  v_rows       bigint;
  v_constraint text;
begin
  written := 0;
  refusals := array[]::backlog_internal.incident[];
  -- One query and hence one snapshot, whatever happens to the rows meanwhile. A subtransaction for each
  -- row is dear, but only these few are left when it comes to this.
  for v_row, v_record in execute format(
    'select (s.*)::text, to_jsonb(s.*) from %s as s where %s', p_backfill.source_table, p_where
  ) loop
    begin
      if v_converts then
        v_rows := backlog_internal.copy_converted(v_copy, v_row);
      else
        execute v_copy using v_row;
        get diagnostics v_rows = row_count;
      end if;
      written := written + v_rows;
    exception
      when data_exception or integrity_constraint_violation or cardinality_violation
        or raise_exception or with_check_option_violation or program_limit_exceeded or feature_not_supported
      then
        get stacked diagnostics v_constraint = constraint_name;
        refusals := refusals || backlog_internal.refusal(
          p_backfill, p_chunk, v_record, sqlerrm, sqlstate, v_constraint
        );
    end;
  end loop;
end;
$$;

comment on function backlog_internal.copy_rows_singly(
  backlog_internal.backfill, backlog_internal.backfill_chunk, text
) is
  $$Copy rows one by one; return how many were written, and the incidents of those that were refused.$$;
