create or replace function backlog_internal.resolve_backfill_table(p_pipeline_id bigint, p_name text)
  returns regclass
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_table regclass;
begin
  select t.stable_table into v_table
  from backlog_internal.pipeline_table as t
  where t.pipeline_id = p_pipeline_id
    and t.name = p_name;
  begin
    -- A name without a schema is the pipeline's table, else one of the schema public.
    v_table := coalesce(v_table, to_regclass(p_name));
    if v_table is null and cardinality(parse_ident(p_name)) = 1 then
      v_table := to_regclass('public.' || p_name);
    end if;
  exception
    when invalid_name or syntax_error or invalid_parameter_value or feature_not_supported then
      v_table := null;
  end;
  if v_table is null then
    perform backlog_internal.raise_invalid_backfill(
      format('there is no table %s', coalesce(quote_literal(p_name), 'null')),
      'Qualify the name with its schema, as in sales.orders.'
    );
  end if;
  if exists (select from pg_class as c where c.oid = v_table and c.relpersistence = 't') then
    perform backlog_internal.raise_invalid_backfill(
      format('%s is a temporary table', v_table), 'Others who work on the backfill do not see it. Make a table.'
    );
  end if;
  return v_table;
end;
$$;

comment on function backlog_internal.resolve_backfill_table(bigint, text) is
  $$Find a table by its name: the pipeline's own, else as qualified, else in the schema public.

Raises PB302 when there is none, or when it is a temporary one.$$;
