-- Who may call what. Functions are the only door: no role has a right on a table.
-- A view runs its functions with the rights of its reader, so a helper used inside a view is
-- granted here as well; the schema backlog_internal itself stays closed.

grant usage on schema backlog
  to backlog_producer, backlog_worker, backlog_operator, backlog_monitor;

-- Nothing is executable by everybody, whatever the defaults of the database are.
revoke all on all functions in schema backlog from public;
revoke all on all functions in schema backlog_internal from public;
revoke all on all tables in schema backlog from public;
revoke all on all tables in schema backlog_internal from public;
revoke all on schema backlog from public;
revoke all on schema backlog_internal from public;

-- Core
grant execute on function backlog_internal.clock() to backlog_producer, backlog_worker, backlog_operator, backlog_monitor;
grant select on backlog.error_codes to backlog_producer, backlog_worker, backlog_operator, backlog_monitor;
grant execute on function backlog.version() to backlog_producer, backlog_worker, backlog_operator, backlog_monitor;
grant select on backlog.settings to backlog_operator, backlog_monitor;
grant execute on function backlog.set_setting(text, text) to backlog_operator;
grant select on backlog.drift to backlog_operator, backlog_monitor;
grant execute on function backlog_internal.live_objects() to backlog_operator, backlog_monitor;

-- Retry engine
grant execute on function backlog.enqueue_retry_item(text, jsonb, text, text, jsonb, int, int, numeric, int, text, text[], text, timestamptz, timestamptz) to backlog_producer, backlog_worker, backlog_operator;
grant execute on function backlog.enqueue_retry_items(jsonb, text) to backlog_producer, backlog_worker, backlog_operator;
grant execute on function backlog.enqueue_retry_batch(text, jsonb, text, text, int, int, numeric, int, text, text[], timestamptz, timestamptz) to backlog_producer, backlog_worker, backlog_operator;
grant execute on function backlog.acquire_retry_items(text, int, int, text[]) to backlog_worker, backlog_operator;
grant execute on function backlog.complete_and_acquire_retry_items(bigint, text, int, int, text[]) to backlog_worker, backlog_operator;
grant execute on function backlog.complete_retry_item(bigint, text, bigint) to backlog_worker, backlog_operator;
grant execute on function backlog.complete_retry_items(bigint[], bigint[], text) to backlog_worker, backlog_operator;
grant execute on function backlog.fail_retry_item(bigint, text, text, text, bigint, int) to backlog_worker, backlog_operator;
grant execute on function backlog.fail_retry_items(bigint[], bigint[], text[], text[], int[], text) to backlog_worker, backlog_operator;
grant execute on function backlog.extend_lease(bigint, text, int) to backlog_worker, backlog_operator;
grant execute on function backlog.extend_retry_item(bigint, text, bigint, int) to backlog_worker, backlog_operator;
grant execute on function backlog.release_retry_item(bigint, text, bigint) to backlog_worker, backlog_operator;
grant execute on function backlog.release_retry_items(bigint[], bigint[], text) to backlog_worker, backlog_operator;
grant execute on function backlog.announce_idle(text, text[], int) to backlog_worker, backlog_operator;
grant execute on function backlog.announce_busy(text) to backlog_worker, backlog_operator;
grant execute on function backlog.calculate_next_retry(int, int, numeric, text, int, numeric, timestamptz) to backlog_producer, backlog_worker, backlog_operator, backlog_monitor;
grant execute on function backlog.cancel_retry_item(bigint, text) to backlog_operator;
grant execute on function backlog.set_retry_policy(text, int, int, text, numeric, int, numeric, int, boolean, int, text, numeric, int, int, int, int, int, int) to backlog_operator;
grant execute on function backlog.pause_event_type(text, text) to backlog_operator;
grant execute on function backlog.resume_event_type(text) to backlog_operator;
grant execute on function backlog.trip_circuit_breaker(text, text, int, text) to backlog_operator;
grant execute on function backlog.reset_circuit_breaker(text, text) to backlog_operator;
grant execute on function backlog.set_failure_rule(text, text, text, text, text, int, int) to backlog_operator;
grant execute on function backlog.drop_failure_rule(text) to backlog_operator;
grant execute on function backlog.redrive_dead_letters(jsonb, int, boolean, int, boolean) to backlog_operator;
grant execute on function backlog.discard_dead_letters(jsonb, int, boolean, text) to backlog_operator;
grant execute on function backlog.cleanup_retry_queue(int, int) to backlog_operator;
grant select on backlog.retry_items to backlog_worker, backlog_operator, backlog_monitor;
grant select on backlog.dead_letters to backlog_worker, backlog_operator, backlog_monitor;
grant select on backlog.retry_history to backlog_worker, backlog_operator, backlog_monitor;
grant select on backlog.retry_queue_stats to backlog_operator, backlog_monitor;
grant select on backlog.retry_queue_alerts to backlog_operator, backlog_monitor;
grant select on backlog.circuit_breakers to backlog_operator, backlog_monitor;
grant select on backlog.retry_policies to backlog_operator, backlog_monitor;
grant select on backlog.failure_rules to backlog_operator, backlog_monitor;

-- Loads
grant select on backlog.exports to backlog_worker, backlog_operator, backlog_monitor;
grant select on backlog.load_tables to backlog_worker, backlog_operator, backlog_monitor;
grant select on backlog.loads to backlog_worker, backlog_operator, backlog_monitor;
grant select on backlog.pipeline_tables to backlog_worker, backlog_operator, backlog_monitor;
grant select on backlog.pipelines to backlog_worker, backlog_operator, backlog_monitor;
grant select on backlog.quarantine to backlog_operator, backlog_monitor;
grant execute on function backlog.add_pipeline_check(text,text,text,text) to backlog_operator;
grant execute on function backlog.add_pipeline_table(text,regclass,text,text[],text[],text,text,text,text,text,integer,text,boolean) to backlog_operator;
grant execute on function backlog.create_export(text,text,text) to backlog_operator;
grant execute on function backlog.create_pipeline(text,text,integer,bigint,bigint,numeric,boolean,text) to backlog_operator;
grant execute on function backlog.dismiss_quarantine(jsonb,text,integer,boolean) to backlog_operator;
grant execute on function backlog.drop_export(text) to backlog_operator;
grant execute on function backlog.drop_pipeline(text,boolean) to backlog_operator;
grant execute on function backlog.drop_pipeline_check(text,text,text) to backlog_operator;
grant execute on function backlog.drop_pipeline_table(text,text,boolean) to backlog_operator;
grant execute on function backlog.edit_quarantine(bigint,jsonb,boolean,text) to backlog_operator;
grant execute on function backlog.enqueue_fetch(text,jsonb,text,text,timestamp with time zone,integer,text) to backlog_producer, backlog_worker, backlog_operator;
grant execute on function backlog.load_pipeline(text) to backlog_worker, backlog_operator;
grant execute on function backlog.pause_pipeline(text,text) to backlog_worker, backlog_operator;
grant execute on function backlog.pipelines_to_load() to backlog_worker, backlog_operator;
grant execute on function backlog.preview_load(text) to backlog_operator;
grant execute on function backlog.refresh_due_exports(integer) to backlog_worker, backlog_operator;
grant execute on function backlog.refresh_export(text) to backlog_worker, backlog_operator;
grant execute on function backlog.refresh_pipeline_table(text,text) to backlog_operator;
grant execute on function backlog.replay_quarantine(jsonb,integer,boolean) to backlog_operator;
grant execute on function backlog.resume_pipeline(text) to backlog_operator;
grant execute on function backlog.set_pipeline(text,jsonb) to backlog_operator;
grant execute on function backlog.set_pipeline_table(text,text,jsonb) to backlog_operator;
grant execute on function backlog.stage_retry_item(text,bigint,text,bigint) to backlog_worker, backlog_operator;
grant execute on function backlog.stage_rows(text,text,jsonb,bigint,bigint) to backlog_worker, backlog_operator;

-- Hooks
grant execute on function backlog.save_checkpoint(text, jsonb, text, text, jsonb) to backlog_producer, backlog_worker, backlog_operator;
grant execute on function backlog.record_incident(text, jsonb, text, text, text, text, int, text, jsonb, text) to backlog_producer, backlog_worker, backlog_operator;
grant execute on function backlog.register_hook(text, text, text[], text, text, boolean, text, int, int, int, text) to backlog_worker, backlog_operator;
grant execute on function backlog.register_sql_hook(text, regprocedure, text, text[], text, text, text, int, int, int, text) to backlog_operator;
grant execute on function backlog.enable_hook(text) to backlog_operator;
grant execute on function backlog.disable_hook(text, text) to backlog_operator;
grant execute on function backlog.drop_hook(text) to backlog_operator;
grant execute on function backlog.replay_events(text, timestamptz, timestamptz, bigint[], int, boolean, boolean) to backlog_operator;
grant execute on function backlog.read_delivery(bigint, bigint) to backlog_worker, backlog_operator;
grant execute on function backlog.expand_deliveries(bigint, bigint) to backlog_worker, backlog_operator;
grant execute on function backlog.call_sql_hook(text, jsonb) to backlog_worker, backlog_operator;
grant execute on function backlog.run_sql_hook(bigint, bigint) to backlog_worker, backlog_operator;
grant execute on function backlog.run_sql_hooks(text, int) to backlog_worker, backlog_operator;
grant execute on function backlog.complete_hook_turn(bigint, text, bigint) to backlog_worker, backlog_operator;
grant execute on function backlog.set_critical_rule(text, text, text[]) to backlog_operator;
grant execute on function backlog.drop_critical_rule(text) to backlog_operator;
grant execute on function backlog.resolve_incident(bigint, text, text) to backlog_operator;
grant select on backlog.incidents to backlog_worker, backlog_operator, backlog_monitor;
grant select on backlog.failure_stats to backlog_worker, backlog_operator, backlog_monitor;
grant select on backlog.critical_rules to backlog_operator, backlog_monitor;
grant select on backlog.hooks to backlog_worker, backlog_operator, backlog_monitor;
grant select on backlog.events to backlog_worker, backlog_operator;

-- Backfills
grant select on backlog.backfills to backlog_worker, backlog_operator, backlog_monitor;
grant select on backlog.backfill_chunks to backlog_worker, backlog_operator, backlog_monitor;
grant select on backlog.backfill_transitions to backlog_worker, backlog_operator, backlog_monitor;
grant select, insert on backlog.backfill_queue to backlog_operator;
grant select on backlog.backfill_queue to backlog_worker, backlog_monitor;
grant execute on function backlog.backfill_chunk_query(bigint) to backlog_worker, backlog_operator;
grant execute on function backlog.backfill_chunk_stop(bigint, bigint) to backlog_worker;
grant execute on function backlog.backfill_snapshot_held(bigint, int) to backlog_worker, backlog_operator, backlog_monitor;
grant execute on function backlog.backfill_throttle(regclass) to backlog_worker, backlog_operator, backlog_monitor;
grant execute on function backlog.begin_backfill_chunk(bigint, bigint) to backlog_worker;
grant execute on function backlog.cancel_backfill(bigint, text) to backlog_operator;
grant execute on function backlog.complete_backfill_chunk(bigint, bigint, jsonb, jsonb) to backlog_worker;
grant execute on function backlog.create_backfill(text, text, jsonb, jsonb, text[], jsonb, text, text, int, int, int, int, text, boolean, jsonb, text[], boolean) to backlog_operator;
grant execute on function backlog.delete_backfill(bigint, boolean) to backlog_operator;
grant execute on function backlog.drop_backfill_view(regclass) to backlog_operator;
grant execute on function backlog.export_backfill_snapshot(bigint, int) to backlog_worker;
grant execute on function backlog.fail_backfill_chunk(bigint, bigint, text, text, int) to backlog_worker;
grant execute on function backlog.note_touched_rows() to backlog_operator;
grant execute on function backlog.keep_backfill_snapshot(bigint, jsonb) to backlog_worker;
grant execute on function backlog.pause_backfill(bigint, text) to backlog_operator;
grant execute on function backlog.record_backfill_comparison(bigint, jsonb) to backlog_worker, backlog_operator;
grant execute on function backlog.register_backfill_view(regclass, text[]) to backlog_operator;
grant execute on function backlog.resume_backfill(bigint) to backlog_operator;
grant execute on function backlog.retry_backfill(bigint) to backlog_operator;
grant execute on function backlog.run_backfill_step(bigint, int) to backlog_worker, backlog_operator;
grant execute on function backlog.set_backfill_condition(text, text) to backlog_operator;
grant execute on function backlog.preview_backfill(text, text, jsonb, jsonb, text[], jsonb, text, text, int, int, int, boolean, jsonb, text[]) to backlog_operator;
grant execute on function backlog.repair_backfill(bigint) to backlog_operator;
grant execute on function backlog.schedule_backfill(text, interval, jsonb, timestamptz) to backlog_operator;
grant execute on function backlog.unschedule_backfill(text) to backlog_operator;
grant execute on function backlog.verify_backfill(bigint, int, timestamptz) to backlog_operator;
grant select on backlog.backfill_differences to backlog_worker, backlog_operator, backlog_monitor;
grant select on backlog.backfill_schedules to backlog_worker, backlog_operator, backlog_monitor;
grant execute on function backlog.share_backfill_snapshot(bigint, bigint, jsonb) to backlog_worker;
grant execute on function backlog.split_backfill_chunk(bigint, bigint) to backlog_worker;
grant execute on function backlog.unreadable_rows(regclass, text, text, text, int) to backlog_worker, backlog_operator;

-- Monitor
grant execute on function backlog.tick() to backlog_worker, backlog_operator;
grant execute on function backlog.status_report() to backlog_worker, backlog_operator, backlog_monitor;
