create or replace function backlog_internal.find_parked(p_batch_id bigint, p_pipeline_table_id bigint)
  returns void
  language sql
  volatile
  set search_path = pg_catalog, pg_temp
  set jit = off
  set enable_nestloop = off
as $$
  with parked as materialized (
    select f.source, f.row_id, q.quarantine_row_id
    from backlog_internal.refused_row as f
    cross join lateral (
      select q.quarantine_row_id
      from backlog_internal.quarantine_row as q
      where q.pipeline_table_id = p_pipeline_table_id
        and q.state = 'parked'
        and q.row_hash = f.row_hash
        and q.row_key = f.row_key
      -- Looked up row by row in the index: quarantine may be large, and its statistics old.
      limit 1
    ) as q
    where f.batch_id = p_batch_id
      and f.pipeline_table_id = p_pipeline_table_id
      and f.state = 'parked'
      and f.is_new
      and not f.is_filed
  )
  update backlog_internal.refused_row as f
  set
    quarantine_row_id = p.quarantine_row_id,
    is_new = false,
    is_again = true
  from parked as p
  where f.batch_id = p_batch_id
    and f.pipeline_table_id = p_pipeline_table_id
    and f.source = p.source
    and f.row_id = p.row_id
$$;

comment on function backlog_internal.find_parked(bigint, bigint) is
  $$Find those of the rows to be parked that are parked already: the same row, however often it is fetched.$$;
