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
\ir retry/ensure_history_partitions.sql
\ir retry/cleanup_retry_queue.sql

-- Loads: from delta tables to stable tables

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
