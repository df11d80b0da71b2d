create or replace function backlog_internal.order_tables(p_pipeline_id bigint)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_rest     bigint[];
  v_next     bigint[];
  v_ordered  bigint[] := array[]::bigint[];
  v_opened   text[] := array[]::text[];
  v_late     jsonb := jsonb_build_object();
  v_deferred jsonb := jsonb_build_object();
  v_key      record;
begin
  v_rest := array(
    select t.pipeline_table_id
    from backlog_internal.pipeline_table as t
    where t.pipeline_id = p_pipeline_id
  );

  while cardinality(v_rest) > 0 loop
    -- Tables all of whose parents are placed; by table, so that all pipelines agree on the order.
    select array_agg(t.pipeline_table_id order by t.stable_table::oid)
    into v_next
    from backlog_internal.pipeline_table as t
    where t.pipeline_table_id = any (v_rest)
      and not exists (
        select
        from backlog_internal.pipeline_foreign_keys(p_pipeline_id) as f
        where f.pipeline_table_id = t.pipeline_table_id
          and f.parent_table_id = any (v_rest)
          and f.parent_table_id <> t.pipeline_table_id
          and f.pipeline_table_id || ':' || f.constraint_name <> all (v_opened)
      );

    if v_next is null then
      select c.*
      into v_key
      from backlog_internal.cyclic_foreign_key(p_pipeline_id, v_rest) as c
      where c.pipeline_table_id || ':' || c.constraint_name <> all (v_opened);
      if not found then
        perform backlog_internal.raise_invalid_pipeline(
          format('the foreign keys of %s form a cycle that no order of loading satisfies', (
            select string_agg(t.name, ', ' order by t.name)
            from backlog_internal.pipeline_table as t
            where t.pipeline_table_id = any (v_rest)
          )),
          'Make one of these foreign keys deferrable, or its columns nullable.'
        );
      end if;
      v_opened := v_opened || (v_key.pipeline_table_id || ':' || v_key.constraint_name);
      if v_key.is_deferrable then
        v_deferred := v_deferred || jsonb_build_object(
          v_key.pipeline_table_id,
          coalesce(v_deferred -> v_key.pipeline_table_id::text, '[]')
            || to_jsonb(v_key.constraint_name)
        );
      else
        v_late := v_late || jsonb_build_object(
          v_key.pipeline_table_id,
          coalesce(v_late -> v_key.pipeline_table_id::text, '[]') || to_jsonb(v_key.column_names)
        );
      end if;
    else
      v_ordered := v_ordered || v_next;
      v_rest := array(select r.id from unnest(v_rest) as r (id) where r.id <> all (v_next));
    end if;
  end loop;

  update backlog_internal.pipeline_table as t
  set
    load_order = o.place,
    late_columns = o.late,
    deferred_keys = o.deferred
  from (
    select
      u.id,
      u.place::int as place,
      array(select jsonb_array_elements_text(v_late -> u.id::text)) as late,
      array(select jsonb_array_elements_text(v_deferred -> u.id::text)) as deferred
    from unnest(v_ordered) with ordinality as u (id, place)
  ) as o
  where t.pipeline_table_id = o.id
    and (t.load_order, t.late_columns, t.deferred_keys) is distinct from (o.place, o.late, o.deferred);
end;
$$;

comment on function backlog_internal.order_tables(bigint) is
  $$Put the tables of a pipeline in foreign key order, parents first.

Cycles are opened at a foreign key that can be deferred, else at one whose columns may be null for a
while. Raises PB102 when there is none.$$;
