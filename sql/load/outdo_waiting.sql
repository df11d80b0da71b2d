create or replace function backlog_internal.outdo_waiting(
  p_batch_id bigint,
  p_pipeline_table_id bigint,
  p_load_id bigint
)
  returns void
  language sql
  volatile
  set search_path = pg_catalog, pg_temp
  set jit = off
  set enable_nestloop = off
as $$
  with newer as materialized (
    select f.row_hash, f.row_key, f.arrival_page, f.arrival_position
    from backlog_internal.refused_row as f
    where f.batch_id = p_batch_id
      and f.pipeline_table_id = p_pipeline_table_id
      and f.row_key is not null
      and f.state <> 'value_dropped'
      and (f.is_new or f.is_again)
      and not f.is_filed
  )
  update backlog_internal.quarantine_row as q
  set
    state = 'superseded',
    superseded_by = p_load_id,
    closed_at = backlog_internal.clock()
  where q.quarantine_row_id = any (array(
    select o.quarantine_row_id
    from newer as n
    cross join lateral (
      select o.quarantine_row_id, o.arrival_page, o.arrival_position, o.load_id
      from backlog_internal.quarantine_row as o
      where o.pipeline_table_id = p_pipeline_table_id
        and o.state = 'waiting'
        and o.row_hash = n.row_hash
        and o.row_key = n.row_key
      -- Looked up row by row in the index: quarantine may be large, and its statistics old.
      offset 0
    ) as o
    where (
      (o.arrival_page, o.arrival_position) < (n.arrival_page, n.arrival_position)
      or n.arrival_page = 0 and o.load_id is distinct from p_load_id
    )
      and not exists (
        select
        from backlog_internal.refused_row as g
        where g.batch_id = p_batch_id
          and g.pipeline_table_id = p_pipeline_table_id
          and g.quarantine_row_id = o.quarantine_row_id
      )
  ))
$$;

comment on function backlog_internal.outdo_waiting(bigint, bigint, bigint) is
  $$Close waiting rows of which a newer copy was refused for other reasons: only the newest is worth a look.$$;
