create or replace function backlog_internal.keys_of(p_records jsonb, p_pipeline text, p_table_name text)
  returns jsonb
  language sql
  stable
return coalesce(
  (
    select jsonb_agg(
      (
        select coalesce(jsonb_object_agg(k.name, r.value -> k.name), '{}')
        from unnest(t.key_columns) as k (name)
      )
      order by r.place
    )
    from backlog_internal.pipeline as p
    join backlog_internal.pipeline_table as t on t.pipeline_id = p.pipeline_id
    cross join jsonb_array_elements(p_records) with ordinality as r (value, place)
    where p.name = p_pipeline
      and t.name = p_table_name
      and t.key_columns <> '{}'
  ),
  p_records
);

comment on function backlog_internal.keys_of(jsonb, text, text) is
  $$Reduce records to the key columns of their pipeline's table; leave them whole where no key is known.$$;
