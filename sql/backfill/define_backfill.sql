create or replace function backlog_internal.define_backfill(p_options jsonb, p_role name)
  returns backlog_internal.backfill
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_backfill backlog_internal.backfill;
  v_relkind  "char";
begin
  v_backfill := jsonb_populate_record(
    null::backlog_internal.backfill,
    p_options - array['destination', 'filters', 'columns', 'mapping', 'key', 'incremental', 'start']
      || '{"state": "PENDING", "phase": "copy"}'
  );
  v_backfill.pipeline_id := (backlog_internal.find_pipeline(p_options ->> 'pipeline')).pipeline_id;
  v_backfill.source_table := backlog_internal.resolve_backfill_table(
    v_backfill.pipeline_id, p_options ->> 'table_name'
  );
  v_backfill.destination := p_options -> 'destination';
  v_backfill.filters := coalesce(p_options -> 'filters', '[]');
  v_backfill.kind := v_backfill.destination ->> 'kind';
  v_backfill.created_by := p_role;
  v_backfill.created_at := backlog_internal.clock();
  v_backfill.batch_size := coalesce(
    v_backfill.batch_size, backlog_internal.default_batch_size(v_backfill.kind)
  );
  -- A chunk that finds little may read more than it writes, but not without end.
  v_backfill.scan_size := coalesce(v_backfill.scan_size, least(v_backfill.batch_size::bigint * 10, 100000000));
  perform backlog_internal.check_backfill_options(v_backfill, p_options);

  select c.relkind into v_relkind from pg_class as c where c.oid = v_backfill.source_table;
  if v_relkind not in ('r', 'p', 'f', 'm') and not exists (
    select from backlog_internal.backfill_view as v where v.source_view = v_backfill.source_table
  ) then
    perform backlog_internal.raise_invalid_backfill(
      format('%s is no table', v_backfill.source_table),
      'A view must be registered with backlog.register_backfill_view, since it is read with more rights.'
    );
  end if;
  perform backlog_internal.check_backfill_rights(v_backfill.source_table, 'SELECT', p_role);

  v_backfill.series := md5(format('%s %s', v_backfill.source_table::oid, v_backfill.destination));
  if v_backfill.predicate is not null then
    v_backfill.predicate := backlog_internal.define_predicate(
      v_backfill.source_table, v_backfill.predicate, p_role
    );
  end if;
  v_backfill := backlog_internal.define_cursor(v_backfill, p_options -> 'incremental');
  v_backfill := backlog_internal.define_key(
    v_backfill,
    case when jsonb_typeof(p_options -> 'key') = 'array'
      then array(select jsonb_array_elements_text(p_options -> 'key')) end
  );
  v_backfill := backlog_internal.define_columns(
    v_backfill,
    case when jsonb_typeof(p_options -> 'columns') = 'array'
      then array(select jsonb_array_elements_text(p_options -> 'columns')) end,
    nullif(p_options -> 'mapping', 'null')
  );
  v_backfill.where_sql := backlog_internal.where_sql(v_backfill);
  v_backfill.copied_sql := null;
  v_backfill.converts := null;
  return v_backfill;
end;
$$;

comment on function backlog_internal.define_backfill(jsonb, name) is
  $$Make the definition of a backfill from the arguments of create_backfill, on behalf of a role.

Nothing is written; the destination is not looked at yet. Raises PB101, PB302, PB305 and 42501 as
create_backfill does.$$;
