create or replace function backlog_internal.make_backfill(p_options jsonb, p_role name)
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_backfill backlog_internal.backfill := backlog_internal.define_backfill(p_options, p_role);
begin
  if v_backfill.kind = 'table' then
    if (p_options ->> 'create_target')::boolean then
      -- Of two who make a backfill to the same new table one makes the table.
      perform pg_advisory_xact_lock(
        hashtextextended('backlog.create_target ' || (p_options -> 'destination' ->> 'table'), 0)
      );
    end if;
    v_backfill.target_table := case
      when (p_options ->> 'create_target')::boolean then backlog_internal.create_target(v_backfill, p_role)
      else backlog_internal.resolve_backfill_table(
        v_backfill.pipeline_id, v_backfill.destination ->> 'table'
      )
    end;
    v_backfill := backlog_internal.define_target(v_backfill, p_role);
  else
    if (p_options ->> 'create_target')::boolean then
      v_backfill.destination := v_backfill.destination || '{"create": true}';
    end if;
    v_backfill := backlog_internal.define_target_key(v_backfill);
  end if;
  v_backfill.where_sql := backlog_internal.where_sql(v_backfill);
  v_backfill := backlog_internal.unite_chunks(v_backfill);

  v_backfill.fingerprint := backlog_internal.backfill_fingerprint(v_backfill);
  v_backfill.plan_kind := 'none';
  v_backfill.row_width := 0;
  v_backfill.backfill_id := nextval(pg_get_serial_sequence('backlog_internal.backfill', 'backfill_id'));
  if not coalesce((p_options ->> 'start')::boolean, true) then
    v_backfill.paused_at := v_backfill.created_at;
    v_backfill.pause_reason := 'not started';
  end if;
  insert into backlog_internal.backfill overriding system value values (v_backfill.*);

  perform backlog_internal.watch_keys(v_backfill);
  perform backlog_internal.store_plan(v_backfill.backfill_id);
  perform backlog_internal.enqueue_first_chunks(v_backfill);
  return v_backfill.backfill_id;
end;
$$;

comment on function backlog_internal.make_backfill(jsonb, name) is
  $$Make a backfill on behalf of a role: define it, plan it, put its chunks into the queue. Return its id.

Raises what create_backfill raises.$$;
