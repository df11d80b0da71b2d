create or replace function backlog_internal.find_refused(p_batch_id bigint, p_pipeline_table_id bigint)
  returns void
  language sql
  volatile
  set search_path = pg_catalog, pg_temp
  set jit = off
  set enable_nestloop = off
as $$
  select backlog_internal.find_parked(p_batch_id, p_pipeline_table_id);

  with candidate as materialized (
    select
      f.source, f.row_id, f.row_hash, f.row_key, f.row_data, f.reasons,
      case f.state when 'value_dropped' then f.state else 'waiting' end as state,
      -- Several copies of one row are paired with several in quarantine, each with its own.
      row_number() over (
        partition by f.row_hash, f.state = 'value_dropped', f.reasons order by f.row_data
      ) as place
    from backlog_internal.refused_row as f
    where f.batch_id = p_batch_id
      and f.pipeline_table_id = p_pipeline_table_id
      and f.is_new
      and not f.is_filed
  ),
  open as materialized (
    select q.*
    from (select distinct c.row_hash, c.state from candidate as c) as c
    cross join lateral (
      select q.quarantine_row_id, q.row_hash, q.row_key, q.row_data, q.state
      from backlog_internal.quarantine_row as q
      where q.pipeline_table_id = p_pipeline_table_id
        and q.state = c.state
        and q.row_hash = c.row_hash
      -- Who writes one of them right now has seen it, too; nobody waits for anybody here.
      for no key update skip locked
    ) as q
    where not exists (
      select
      from backlog_internal.refused_row as g
      where g.batch_id = p_batch_id
        and g.pipeline_table_id = p_pipeline_table_id
        and g.quarantine_row_id = q.quarantine_row_id
    )
  ),
  known as (
    select o.*, r.reasons, row_number() over (
      partition by o.row_hash, o.state, r.reasons order by o.row_data, o.quarantine_row_id
    ) as place
    from open as o
    cross join lateral (
      select array(
        select distinct concat_ws(' ', v.rule, v.constraint_name, v.column_name) as reason
        from backlog_internal.quarantine_violation as v
        where v.quarantine_row_id = o.quarantine_row_id
        order by reason
      ) as reasons
    ) as r
  )
  update backlog_internal.refused_row as f
  set
    quarantine_row_id = k.quarantine_row_id,
    -- Its wait for the parent has ended before: a person must look.
    state = k.state,
    is_new = false,
    is_again = true
  from candidate as c
  join known as k
    on k.row_hash = c.row_hash and k.state = c.state and k.reasons = c.reasons and k.place = c.place
  where f.batch_id = p_batch_id
    and f.pipeline_table_id = p_pipeline_table_id
    and f.source = c.source
    and f.row_id = c.row_id
    and k.row_key is not distinct from c.row_key
    and (c.row_key is not null or k.row_data = c.row_data)
$$;

comment on function backlog_internal.find_refused(bigint, bigint) is
  $$Find those of the refused rows that quarantine has already: the same row, refused for the same reasons.

The same row is one with the same key, or without a key one with the same content.$$;
