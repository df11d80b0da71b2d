create or replace function backlog_internal.save_load_checkpoints(
  p_load_id bigint,
  p_pipeline backlog_internal.pipeline
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  -- A JSON array has a limit of 256 MB; far below it a commit is told in several events.
  v_bytes       bigint := 33554432;
  v_correlation text;
  v_work        record;
  v_records     jsonb;
begin
  select case when count(distinct coalesce(s.generation, '')) = 1 then max(s.generation) end
  into v_correlation
  from backlog_internal.staged_item as s
  where s.load_id = p_load_id
    and s.problem is null;

  for v_work in
    select
      t.name, w.pipeline_table_id, w.payload, w.inserted + w.updated as written,
      to_jsonb(w) - array[
        'pipeline_table_id', 'load_order', 'rows_sql', 'accepted', 'marked', 'complete_set', 'payload', 'note'
      ] as account
    from backlog_internal.load_work as w
    join backlog_internal.pipeline_table as t on t.pipeline_table_id = w.pipeline_table_id
    where w.load_id = p_load_id
      and w.inserted + w.updated + w.deleted > 0
    order by w.load_order
  loop
    for v_records in
      select jsonb_agg(s.record order by s.place)
      from (
        select c.record, c.ctid as place, sum(pg_column_size(c.record)) over (order by c.ctid) / v_bytes as slice
        from backlog_internal.load_change as c
        where c.load_id = p_load_id
          and c.pipeline_table_id = v_work.pipeline_table_id
      ) as s
      group by floor(s.slice)
      order by floor(s.slice)
    loop
      perform backlog_internal.write_events(
        'checkpoint', p_pipeline.name, v_work.name, v_records, jsonb_array_length(v_records), 'load',
        p_load_id, v_correlation, v_work.account
      );
    end loop;
    -- Nobody wants to see the rows, or rows were only deleted.
    if v_records is null then
      perform backlog_internal.write_events(
        'checkpoint', p_pipeline.name, v_work.name, null, v_work.written, 'load', p_load_id,
        v_correlation, v_work.account
      );
    end if;
  end loop;
end;
$$;

comment on function backlog_internal.save_load_checkpoints(bigint, backlog_internal.pipeline) is
  $$Write the checkpoint events of a load: one for each table that it changed, with the counts as metadata.

Rows that were inserted or updated are part of it, or their keys, as far as somebody wants them; a load
of very many is told in several events.$$;
