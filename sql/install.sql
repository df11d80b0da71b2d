-- pgbacklog: everything that can be loaded again at will, in load order.
-- This file is the table of contents; each line names one object, its file and its place.
-- It runs after migrations/ and in one transaction: `pgbacklog migrate`, or `psql -1 -f`.

-- Begin: one transaction or nothing
\ir begin.sql

-- Core: time, notification, errors, settings, the installer's memory
\ir core/clock.sql
\ir core/announce.sql
\ir core/error_codes.sql
\ir core/setting_defaults.sql
\ir core/setting.sql
\ir core/set_setting.sql
\ir core/settings.sql
\ir core/version.sql
\ir core/live_objects.sql
\ir core/drift.sql
\ir core/seal_objects.sql
\ir core/describe_views.sql
\ir core/finish_install.sql

-- Retry engine: enqueue
\ir retry/item_problem.sql
\ir retry/effective_policy.sql
\ir retry/gate_for_lane.sql
\ir retry/lane_blocked_until.sql
\ir retry/ensure_lane.sql
\ir retry/write_clock.sql
\ir retry/announce_work.sql
\ir retry/enqueue_unique.sql
\ir retry/enqueue_retry_item.sql
\ir retry/read_items.sql
\ir retry/lane_for_item.sql
\ir retry/insert_items.sql
\ir retry/make_way.sql
\ir retry/insert_unique_items.sql
\ir retry/enqueue_retry_items.sql
\ir retry/enqueue_retry_batch.sql

-- Retry engine: limits and circuit breakers
\ir retry/refresh_lanes.sql
\ir retry/open_gate.sql
\ir retry/close_gate.sql
\ir retry/gate_success.sql
\ir retry/gate_failure.sql
\ir retry/trip_lane.sql
\ir retry/bucket_tokens.sql
\ir retry/gate_allowance.sql
\ir retry/gate_spend.sql
\ir retry/circuit_breakers.sql
\ir retry/trip_circuit_breaker.sql
\ir retry/reset_circuit_breaker.sql

-- Retry engine: leases
\ir retry/raise_not_leased.sql
\ir retry/find_token.sql
\ir retry/take_leased.sql
\ir retry/take_leased_strictly.sql
\ir retry/extend_lease.sql
\ir retry/extend_retry_item.sql
\ir retry/release_retry_items.sql
\ir retry/release_retry_item.sql
\ir retry/hold_retry_item.sql

-- Retry engine: failure
\ir retry/backoff_seconds.sql
\ir retry/calculate_next_retry.sql
\ir retry/failure_rules.sql
\ir retry/judge_failure.sql
\ir retry/set_failure_rule.sql
\ir retry/drop_failure_rule.sql
\ir retry/judge_item.sql
\ir retry/bury_items.sql
\ir retry/gate_verdicts.sql
\ir retry/apply_verdicts.sql
\ir retry/fail_items.sql
\ir retry/fail_retry_items.sql
\ir retry/fail_retry_item.sql
\ir retry/rescue_leases.sql
\ir retry/bury_expired.sql

-- Retry engine: acquire
\ir retry/claim_problem.sql
\ir retry/check_claim.sql
\ir retry/move_mark.sql
\ir retry/settle_marks.sql
\ir retry/sweep_marks.sql
\ir retry/claim_lane.sql
\ir retry/due_lanes.sql
\ir retry/find_due.sql
\ir retry/claim_pair.sql
\ir retry/claim_shares.sql
\ir retry/claim_batch.sql
\ir retry/acquire_retry_items.sql
\ir retry/announce_busy.sql
\ir retry/seconds_until_due.sql
\ir retry/announce_idle.sql

-- Retry engine: complete and cancel
\ir retry/finish_items.sql
\ir retry/finish_lease.sql
\ir retry/complete_retry_items.sql
\ir retry/complete_retry_item.sql
\ir retry/complete_and_acquire_retry_items.sql
\ir retry/cancel_retry_item.sql

-- Retry engine: policies
\ir retry/save_policy.sql
\ir retry/set_retry_policy.sql
\ir retry/pause_event_type.sql
\ir retry/resume_event_type.sql
\ir retry/retry_policies.sql

-- Retry engine: dead letters
\ir retry/dead_letters.sql
\ir retry/matching_dead_letters.sql
\ir retry/end_dead_letter.sql
\ir retry/redrive_one.sql
\ir retry/redrive_dead_letters.sql
\ir retry/discard_dead_letters.sql

-- Retry engine: views and history
\ir retry/retry_items.sql
\ir retry/retry_history.sql
\ir retry/retry_queue_stats.sql
\ir retry/retry_queue_alerts.sql
\ir monitor/ensure_day_partitions.sql
\ir retry/ensure_history_partitions.sql
\ir retry/cleanup_retry_queue.sql

-- Loads: from delta tables to stable tables
\ir load/caller.sql
\ir load/find_pipeline.sql
\ir load/find_pipeline_table.sql
\ir load/raise_invalid_pipeline.sql
\ir load/advance_sequences.sql
\ir load/check_columns.sql
\ir load/check_installer_rights.sql
\ir load/check_lease.sql
\ir load/check_options.sql
\ir load/check_pipeline_options.sql
\ir load/check_rejects.sql
\ir load/check_table_policies.sql
\ir load/check_table_rights.sql
\ir load/choose_columns.sql
\ir load/choose_key.sql
\ir load/close_quarantined.sql
\ir load/supersede_quarantined.sql
\ir load/stable_columns.sql
\ir load/column_changes.sql
\ir load/count_changes.sql
\ir load/create_delta.sql
\ir load/current_epoch.sql
\ir load/pipeline_foreign_keys.sql
\ir load/cyclic_foreign_key.sql
\ir load/defer_keys.sql
\ir load/delete_rows.sql
\ir load/delta_columns.sql
\ir load/empty_deltas.sql
\ir load/execute_load.sql
\ir load/fail_guilty.sql
\ir load/fill_late_columns.sql
\ir load/forget_lost_pages.sql
\ir load/has_copied_rows.sql
\ir load/insert_page.sql
\ir load/judge_deletes.sql
\ir load/judge_duplicates.sql
\ir load/judge_foreign_keys.sql
\ir load/judge_load.sql
\ir load/judge_rows.sql
\ir load/judge_unique.sql
\ir load/key_sql.sql
\ir load/load_account.sql
\ir load/load_problems.sql
\ir load/load_rows.sql
\ir load/pipelines.sql
\ir load/load_status.sql
\ir load/load_tables_of.sql
\ir load/lock_deltas.sql
\ir load/lock_pipeline.sql
\ir load/lock_quarantine.sql
\ir load/lock_stable_tables.sql
\ir load/malformed_action.sql
\ir load/matching_quarantine.sql
\ir load/choose_quarantine.sql
\ir load/merge_columns.sql
\ir load/write_changes.sql
\ir load/merge_table.sql
\ir load/newest_first.sql
\ir load/note_complete_sets.sql
\ir load/note_staged.sql
\ir load/open_load.sql
\ir load/order_tables.sql
\ir load/row_error.sql
\ir load/typed_columns.sql
\ir load/page_problems.sql
\ir load/quoted_list.sql
\ir load/parent_sql.sql
\ir load/parse_predicate.sql
\ir load/quarantine_reasons.sql
\ir load/find_refused.sql
\ir load/outdo_waiting.sql
\ir load/write_refused.sql
\ir load/file_refused.sql
\ir load/quarantine_rows.sql
\ir load/raise_malformed.sql
\ir load/raise_unknown_export.sql
\ir load/continue_incident.sql
\ir load/record_load.sql
\ir load/recover_staged.sql
\ir load/refuse_load.sql
\ir load/release_staged.sql
\ir load/remove_judged.sql
\ir load/restage_quarantined.sql
\ir load/row_rules.sql
\ir load/rows_sql.sql
\ir load/save_load_checkpoints.sql
\ir load/open_load_incidents.sql
\ir load/run_load.sql
\ir load/settle_items.sql
\ir load/settle_verdicts.sql
\ir load/settled_child_sql.sql
\ir load/sort_page.sql
\ir load/tick_load.sql
\ir load/truncate_delta.sql
\ir load/version_sql.sql
\ir load/add_pipeline_check.sql
\ir load/add_pipeline_table.sql
\ir load/create_export.sql
\ir load/create_pipeline.sql
\ir load/dismiss_quarantine.sql
\ir load/drop_export.sql
\ir load/drop_pipeline.sql
\ir load/drop_pipeline_check.sql
\ir load/drop_pipeline_table.sql
\ir load/edit_quarantine.sql
\ir load/enqueue_fetch.sql
\ir load/exports.sql
\ir load/load_pipeline.sql
\ir load/load_tables.sql
\ir load/loads.sql
\ir load/pause_pipeline.sql
\ir load/pipeline_tables.sql
\ir load/pipelines_to_load.sql
\ir load/preview_load.sql
\ir load/quarantine.sql
\ir load/refresh_due_exports.sql
\ir load/refresh_export.sql
\ir load/refresh_pipeline_table.sql
\ir load/replay_quarantine.sql
\ir load/resume_pipeline.sql
\ir load/set_pipeline.sql
\ir load/set_pipeline_table.sql
\ir load/stage_retry_item.sql
\ir load/stage_rows.sql

-- Hooks: events, deliveries, incidents
\ir hooks/interested_hooks.sql
\ir hooks/wanted_payload.sql
\ir hooks/keys_of.sql
\ir hooks/delivery_data.sql
\ir hooks/enqueue_expansion.sql
\ir hooks/reduce_events.sql
\ir hooks/deliveries.sql
\ir hooks/insert_deliveries.sql
\ir hooks/insert_turns.sql
\ir hooks/deliver_events.sql
\ir hooks/write_large_event.sql
\ir hooks/write_events.sql
\ir hooks/save_checkpoint.sql
\ir hooks/critical_reason.sql
\ir hooks/critical_reasons.sql
\ir hooks/store_incidents.sql
\ir hooks/raise_alert.sql
\ir hooks/open_incidents.sql
\ir hooks/record_incident.sql
\ir hooks/open_quarantine_incidents.sql
\ir hooks/call_next_turn.sql
\ir hooks/end_hook_turns.sql
\ir hooks/open_dead_letter_incidents.sql
\ir hooks/check_hook.sql
\ir hooks/set_hook_policy.sql
\ir hooks/store_hook.sql
\ir hooks/register_hook.sql
\ir hooks/register_sql_hook.sql
\ir hooks/find_hook.sql
\ir hooks/disable_hook.sql
\ir hooks/enable_hook.sql
\ir hooks/drop_hook.sql
\ir hooks/hooks.sql
\ir hooks/events.sql
\ir hooks/matching_events.sql
\ir hooks/call_first_turns.sql
\ir hooks/deliver_slice.sql
\ir hooks/run_task.sql
\ir hooks/expand_deliveries.sql
\ir hooks/complete_hook_turn.sql
\ir hooks/read_delivery.sql
\ir hooks/call_sql_hook.sql
\ir hooks/run_sql_hook.sql
\ir hooks/run_sql_hooks.sql
\ir hooks/check_events.sql
\ir hooks/replay_events.sql
\ir hooks/incidents.sql
\ir hooks/failure_stats.sql
\ir hooks/critical_rules.sql
\ir hooks/set_critical_rule.sql
\ir hooks/drop_critical_rule.sql
\ir hooks/raise_not_open.sql
\ir hooks/replay_incident.sql
\ir hooks/dismiss_incident.sql
\ir hooks/resolve_incident.sql
\ir hooks/drop_old_events.sql
\ir hooks/repair_turns.sql
\ir hooks/roll_up_failures.sql
\ir hooks/settle_incidents.sql
\ir hooks/tick_hooks.sql
\ir hooks/tick_events.sql
\ir hooks/hook_status.sql
\ir hooks/incident_status.sql

-- Monitor: status, statistics, alerts, maintenance
\ir monitor/tick_retry.sql
\ir monitor/tick.sql
\ir monitor/retry_status.sql
\ir monitor/status_report.sql

-- Triggers: which table calls which function
\ir triggers.sql

-- Seal: drop what is no longer shipped, remember what is
\ir seal.sql

-- Grants: who may call what
\ir grants.sql
