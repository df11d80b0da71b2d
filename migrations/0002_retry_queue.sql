-- depends: 0001_schemas_and_roles

-- The retry engine keeps one unit of work in three places, so that no wide row is rewritten on the happy path:
--   retry_item   the whole item: written at enqueue, updated only when it fails, deleted when it ends
--   retry_ready  a narrow row while the item waits: deleted at claim. Never updated: the claim relies on its ctid
--   retry_lease  one row per acquired batch, lane and priority: fence, heartbeat and rescue handle of the whole batch
-- A lane is (event type, channel); every hot statement names its lane, so the tables can be distributed by it.

create table backlog_internal.retry_policy (
  event_type text constraint retry_policy_pkey primary key
    constraint retry_policy_names_an_event_type check (event_type <> ''),
  max_retries int not null default 3
    constraint retry_policy_max_retries_in_range check (max_retries between 0 and 1000),
  retry_delay_seconds int not null default 60
    constraint retry_policy_delay_not_negative check (retry_delay_seconds >= 0),
  backoff_kind text not null default 'exponential'
    constraint retry_policy_backoff_kind_is_known
    check (backoff_kind in ('none', 'fixed', 'linear', 'exponential')),
  backoff_multiplier numeric not null default 2.0
    constraint retry_policy_multiplier_in_range check (backoff_multiplier between 1 and 1000),
  max_delay_seconds int not null default 86400
    constraint retry_policy_cap_is_positive check (max_delay_seconds > 0),
  jitter numeric not null default 0.1
    constraint retry_policy_jitter_in_range check (jitter between 0 and 1),
  keep_errors int not null default 5
    constraint retry_policy_keep_errors_in_range check (keep_errors between 1 and 100),
  keep_event_data boolean not null default false,
  max_redrives int not null default 5
    constraint retry_policy_max_redrives_not_negative check (max_redrives >= 0),
  limit_scope text not null default 'event_type'
    constraint retry_policy_scope_is_known check (limit_scope in ('event_type', 'channel')),
  rate_limit_per_second numeric
    constraint retry_policy_rate_is_positive check (rate_limit_per_second > 0),
  rate_limit_burst int
    constraint retry_policy_burst_is_positive check (rate_limit_burst > 0),
  concurrency_limit int
    constraint retry_policy_concurrency_is_positive check (concurrency_limit > 0),
  breaker_threshold int
    constraint retry_policy_threshold_is_positive check (breaker_threshold > 0),
  breaker_window_seconds int not null default 60
    constraint retry_policy_window_is_positive check (breaker_window_seconds > 0),
  breaker_cooldown_seconds int not null default 60
    constraint retry_policy_cooldown_is_positive check (breaker_cooldown_seconds > 0),
  breaker_probes int not null default 1
    constraint retry_policy_probes_is_positive check (breaker_probes > 0),
  paused_at timestamptz,
  pause_reason text,
  updated_at timestamptz not null
);

create table backlog_internal.retry_gate (
  gate_id int generated always as identity constraint retry_gate_pkey primary key,
  event_type text not null,
  channel_name text,
  state text not null default 'closed'
    constraint retry_gate_state_is_known check (state in ('closed', 'open', 'half_open')),
  failures int not null default 0,
  first_failure_at timestamptz,
  changed_at timestamptz,
  reopen_at timestamptz,
  last_error text,
  tokens numeric,
  refilled_at timestamptz,
  constraint retry_gate_is_unique unique nulls not distinct (event_type, channel_name)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 500);

create table backlog_internal.retry_lane (
  lane_id int generated always as identity constraint retry_lane_pkey primary key,
  event_type text not null,
  channel_name text not null,
  priorities int not null default 0,
  gate_id int constraint retry_lane_gate_fkey references backlog_internal.retry_gate,
  blocked_until timestamptz not null default '-infinity',
  keep_event_data boolean not null,
  max_retries int not null,
  created_at timestamptz not null,
  constraint retry_lane_is_unique unique (event_type, channel_name)
) with (fillfactor = 70);
create index retry_lane_by_gate on backlog_internal.retry_lane (gate_id) where gate_id is not null;

create table backlog_internal.retry_mark (
  lane_id int not null constraint retry_mark_lane_fkey references backlog_internal.retry_lane,
  priority smallint not null,
  low_at timestamptz not null default '-infinity',
  low_id bigint not null default 0,
  edge_at timestamptz not null default '-infinity',
  edge_id bigint not null default 0,
  safe_at timestamptz not null default '-infinity',
  safe_id bigint not null default 0,
  settle_xid xid8,
  swept_at timestamptz not null default '-infinity',
  constraint retry_mark_pkey primary key (lane_id, priority)
) with (fillfactor = 20, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 200);

create table backlog_internal.retry_item (
  id bigint generated always as identity,
  lane_id int not null,
  priority smallint not null,
  retry_count int not null default 0,
  redrive_count int not null default 0,
  max_retries int,
  retry_delay_seconds int,
  run_at timestamptz not null,
  created_at timestamptz not null,
  expires_at timestamptz,
  event_id uuid not null default gen_random_uuid(),
  backoff_multiplier numeric,
  plugin_name text not null default '',
  correlation_id text,
  dedupe_key text,
  tags text[],
  errors jsonb,
  event_metadata jsonb,
  event_data jsonb not null,
  constraint retry_item_pkey primary key (id, lane_id)
) with (
  fillfactor = 90,
  autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
  autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0
);
create unique index retry_item_by_dedupe_key on backlog_internal.retry_item (lane_id, dedupe_key)
  where dedupe_key is not null;

create table backlog_internal.retry_ready (
  lane_id int not null,
  priority smallint not null,
  run_at timestamptz not null,
  id bigint not null,
  constraint retry_ready_pkey primary key (lane_id, priority, run_at, id)
) with (
  autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
  autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0
);

create sequence backlog_internal.retry_lock_token;

create type backlog_internal.due_lane as (
  lane_id int, priority int, gate_id int, low_at timestamptz, low_id bigint
);

create type backlog_internal.claim as (
  token bigint, items int, worker_id text, leased_until timestamptz
);

create type backlog_internal.leased_item as (
  id bigint, lane_id int, gate_id int, token bigint, worker_id text, claimed_at timestamptz
);

create type backlog_internal.failure as (
  id bigint, error text, error_code text, retry_after int
);

create type backlog_internal.new_item as (
  place int, event_type text, event_data jsonb, channel_name text, plugin_name text,
  event_metadata jsonb, max_retries int, retry_delay_seconds int, backoff_multiplier numeric,
  priority int, correlation_id text, tags text[], dedupe_key text, run_at timestamptz,
  expires_at timestamptz, problem text
);

create type backlog_internal.failure_verdict as (
  id bigint, lane_id int, priority smallint, gate_id int, action text, dead_reason text,
  retry_count int, run_at timestamptz, errors jsonb, claimed_at timestamptz, worker_id text,
  error text, error_code text
);

create table backlog_internal.retry_lease (
  token bigint not null,
  lane_id int not null,
  part int not null,
  gate_id int,
  worker_id text not null,
  claimed_at timestamptz not null,
  leased_until timestamptz not null,
  ids bigint[] not null,
  constraint retry_lease_pkey primary key (token, lane_id, part)
) with (
  fillfactor = 50,
  autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 500,
  autovacuum_analyze_scale_factor = 0.0, autovacuum_analyze_threshold = 1000,
  autovacuum_vacuum_cost_delay = 0
);
create index retry_lease_by_expiry on backlog_internal.retry_lease (leased_until);
create index retry_lease_by_worker on backlog_internal.retry_lease (worker_id);

create table backlog_internal.dead_letter (
  id bigint not null constraint dead_letter_pkey primary key,
  lane_id int not null constraint dead_letter_lane_fkey references backlog_internal.retry_lane,
  died_at timestamptz not null,
  reason text not null
    constraint dead_letter_reason_is_known
    check (reason in ('retries_exhausted', 'permanent_error', 'expired')),
  error text,
  error_code text,
  priority smallint not null,
  retry_count int not null,
  redrive_count int not null,
  max_retries int,
  retry_delay_seconds int,
  created_at timestamptz not null,
  expires_at timestamptz,
  event_id uuid not null,
  backoff_multiplier numeric,
  plugin_name text not null,
  correlation_id text,
  dedupe_key text,
  tags text[],
  errors jsonb,
  event_metadata jsonb,
  event_data jsonb not null
);
create index dead_letter_by_lane on backlog_internal.dead_letter (lane_id, died_at);

create table backlog_internal.failure_rule (
  failure_rule_id int generated always as identity constraint failure_rule_pkey primary key,
  name text not null constraint failure_rule_name_is_unique unique,
  event_type text,
  code_like text,
  message_pattern text,
  action text not null
    constraint failure_rule_action_is_known
    check (action in ('retry', 'retry_later', 'dead_letter', 'trip')),
  delay_seconds int constraint failure_rule_delay_not_negative check (delay_seconds >= 0),
  position int not null default 100,
  shipped boolean not null default false,
  constraint failure_rule_matches_something
    check (code_like is not null or message_pattern is not null)
);

create table backlog_internal.retry_history (
  finished_at timestamptz not null,
  id bigint not null,
  lane_id int not null,
  retry_count int not null,
  outcome text not null,
  priority smallint not null,
  created_at timestamptz not null,
  claimed_at timestamptz,
  event_id uuid not null,
  worker_id text,
  plugin_name text,
  correlation_id text,
  error_code text,
  error text,
  event_data jsonb
) partition by range (finished_at);
create table backlog_internal.retry_history_default
  partition of backlog_internal.retry_history default;
create index retry_history_by_id on backlog_internal.retry_history using brin (id)
  with (pages_per_range = 16, autosummarize = on);

create unlogged table backlog_internal.listener (
  worker_id text constraint listener_pkey primary key,
  event_types text[],
  idle_until timestamptz not null,
  seen_at timestamptz not null
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 100);

insert into backlog_internal.retry_policy (event_type, updated_at)
values ('*', clock_timestamp());

insert into backlog_internal.failure_rule
  (name, code_like, message_pattern, action, delay_seconds, position, shipped)
values
  ('lease expired', 'lease_expired', null, 'retry', 0, 10, true),
  ('malformed page', 'PB105', null, 'dead_letter', null, 20, true),
  ('unusable payload', 'PB003', null, 'dead_letter', null, 20, true),
  ('asked to come back', 'RetryLater', null, 'retry_later', null, 20, true),
  ('declared permanent', 'PermanentError', null, 'dead_letter', null, 20, true),
  ('HTTP too many requests', '429', null, 'retry_later', null, 30, true),
  ('HTTP not authorised', '401', null, 'trip', null, 30, true),
  ('HTTP forbidden', '403', null, 'trip', null, 30, true),
  ('HTTP bad request', '400', null, 'dead_letter', null, 40, true),
  ('HTTP method not allowed', '405', null, 'dead_letter', null, 40, true),
  ('HTTP gone', '410', null, 'dead_letter', null, 40, true),
  ('HTTP unprocessable', '422', null, 'dead_letter', null, 40, true),
  ('server shutting down', '57P0_', null, 'retry_later', 5, 50, true),
  ('foreign key violation', '23503', null, 'retry', null, 50, true),
  ('integrity violation', '23___', null, 'dead_letter', null, 60, true),
  ('data exception', '22___', null, 'dead_letter', null, 60, true),
  ('syntax or access error', '42___', null, 'dead_letter', null, 60, true);

comment on table backlog_internal.retry_policy is
  'How items of an event type are retried and limited; the row named * is the default for all others.';
comment on column backlog_internal.retry_policy.event_type is 'The event type, or * for the default.';
comment on column backlog_internal.retry_policy.max_retries is
  'Failed attempts after which an item becomes a dead letter.';
comment on column backlog_internal.retry_policy.retry_delay_seconds is 'Pause before the first retry.';
comment on column backlog_internal.retry_policy.backoff_kind is
  'How the pause grows: none, fixed, linear or exponential.';
comment on column backlog_internal.retry_policy.backoff_multiplier is
  'Factor (exponential) or share of the delay (linear) by which the pause grows per attempt.';
comment on column backlog_internal.retry_policy.max_delay_seconds is 'Cap of the pause.';
comment on column backlog_internal.retry_policy.jitter is
  'Random share of the pause, 0 to 1, added or subtracted so that retries spread out.';
comment on column backlog_internal.retry_policy.keep_errors is 'How many of the last errors an item keeps.';
comment on column backlog_internal.retry_policy.keep_event_data is
  'Whether the history keeps the payload of ended items.';
comment on column backlog_internal.retry_policy.max_redrives is
  'How often a dead letter may be redriven before it must be forced.';
comment on column backlog_internal.retry_policy.limit_scope is
  'Whether limits and the breaker count per event type or per channel of it.';
comment on column backlog_internal.retry_policy.rate_limit_per_second is 'Items per second, all workers together.';
comment on column backlog_internal.retry_policy.rate_limit_burst is 'Size of the token bucket.';
comment on column backlog_internal.retry_policy.concurrency_limit is 'Items under lease at once, all workers together.';
comment on column backlog_internal.retry_policy.breaker_threshold is
  'Failures without a success between them that open the circuit breaker; null means never.';
comment on column backlog_internal.retry_policy.breaker_window_seconds is
  'Time within which the failures must happen.';
comment on column backlog_internal.retry_policy.breaker_cooldown_seconds is 'How long an open breaker stays open.';
comment on column backlog_internal.retry_policy.breaker_probes is 'Items let through while half open.';
comment on column backlog_internal.retry_policy.paused_at is 'When the event type was paused; null means it runs.';
comment on column backlog_internal.retry_policy.pause_reason is 'Why it was paused.';
comment on column backlog_internal.retry_policy.updated_at is 'Last change of the policy.';

comment on table backlog_internal.retry_gate is
  'State of circuit breaker and token bucket of an event type, or of one channel of it.';
comment on column backlog_internal.retry_gate.gate_id is 'Key.';
comment on column backlog_internal.retry_gate.event_type is 'The event type.';
comment on column backlog_internal.retry_gate.channel_name is 'The channel, or null for all channels together.';
comment on column backlog_internal.retry_gate.state is 'Breaker state: closed, open or half_open.';
comment on column backlog_internal.retry_gate.failures is 'Failures since the last success.';
comment on column backlog_internal.retry_gate.first_failure_at is 'When the counted failures began.';
comment on column backlog_internal.retry_gate.changed_at is 'When the breaker last changed its state.';
comment on column backlog_internal.retry_gate.reopen_at is 'When an open breaker lets probes through.';
comment on column backlog_internal.retry_gate.last_error is 'The error that opened it.';
comment on column backlog_internal.retry_gate.tokens is 'Tokens left in the bucket at refilled_at.';
comment on column backlog_internal.retry_gate.refilled_at is 'When tokens was computed.';

comment on table backlog_internal.retry_lane is
  'One (event type, channel): the unit by which items are stored, claimed and shared fairly.';
comment on column backlog_internal.retry_lane.lane_id is 'Key; first column of the hot tables.';
comment on column backlog_internal.retry_lane.event_type is 'The event type.';
comment on column backlog_internal.retry_lane.channel_name is 'The channel; empty when there is none.';
comment on column backlog_internal.retry_lane.priorities is
  'Bit p is set when priority p has been used, so that enqueue finds out at once whether its mark exists.';
comment on column backlog_internal.retry_lane.gate_id is 'The gate to pass when the lane has limits or a breaker.';
comment on column backlog_internal.retry_lane.blocked_until is
  'Not claimed before this time: infinity while paused, the reopen time while the breaker is open.';
comment on column backlog_internal.retry_lane.keep_event_data is 'Copied from the policy, for the ack.';
comment on column backlog_internal.retry_lane.max_retries is 'Copied from the policy, for the claim.';
comment on column backlog_internal.retry_lane.created_at is 'When the lane was first used.';

comment on table backlog_internal.retry_mark is
  'Low-water mark of a lane and priority: where a claim starts to read, so that it never walks dead rows.';
comment on column backlog_internal.retry_mark.lane_id is 'The lane.';
comment on column backlog_internal.retry_mark.priority is 'The priority.';
comment on column backlog_internal.retry_mark.low_at is 'run_at from which claims read.';
comment on column backlog_internal.retry_mark.low_id is 'Item id from which claims read within low_at.';
comment on column backlog_internal.retry_mark.edge_at is 'run_at up to which late commits end with settle_xid.';
comment on column backlog_internal.retry_mark.edge_id is 'Item id within edge_at.';
comment on column backlog_internal.retry_mark.safe_at is 'run_at below which no late commit can appear.';
comment on column backlog_internal.retry_mark.safe_id is 'Item id within safe_at.';
comment on column backlog_internal.retry_mark.settle_xid is
  'Once every transaction older than this has ended, all rows between safe and edge are visible.';
comment on column backlog_internal.retry_mark.swept_at is 'Last time the whole range below was read.';

comment on table backlog_internal.retry_item is 'Every item that waits or is under lease, whole.';
comment on column backlog_internal.retry_item.id is 'Key, given out in ascending order.';
comment on column backlog_internal.retry_item.lane_id is 'The lane (event type and channel).';
comment on column backlog_internal.retry_item.priority is '1 to 10, higher first.';
comment on column backlog_internal.retry_item.retry_count is 'Failed attempts that counted.';
comment on column backlog_internal.retry_item.redrive_count is 'How often it came back from the dead letters.';
comment on column backlog_internal.retry_item.max_retries is 'Own limit of failed attempts; null means the policy.';
comment on column backlog_internal.retry_item.retry_delay_seconds is 'Own first pause; null means the policy.';
comment on column backlog_internal.retry_item.run_at is 'Not before this time; equal to the row in retry_ready.';
comment on column backlog_internal.retry_item.created_at is 'When it was enqueued.';
comment on column backlog_internal.retry_item.expires_at is 'Becomes a dead letter when claimed after this time.';
comment on column backlog_internal.retry_item.event_id is 'Stable public identity of the event.';
comment on column backlog_internal.retry_item.backoff_multiplier is 'Own multiplier; null means the policy.';
comment on column backlog_internal.retry_item.plugin_name is 'Who enqueued it.';
comment on column backlog_internal.retry_item.correlation_id is 'Ties the item to other work.';
comment on column backlog_internal.retry_item.dedupe_key is 'At most one live item of a lane has this key.';
comment on column backlog_internal.retry_item.tags is 'Free labels.';
comment on column backlog_internal.retry_item.errors is 'The last errors, oldest first: at, error, error_code.';
comment on column backlog_internal.retry_item.event_metadata is 'Free facts about the event.';
comment on column backlog_internal.retry_item.event_data is 'The payload.';

comment on table backlog_internal.retry_ready is
  'One narrow row per waiting item; inserted and deleted, never updated.';
comment on column backlog_internal.retry_ready.lane_id is 'The lane.';
comment on column backlog_internal.retry_ready.priority is '1 to 10, higher first.';
comment on column backlog_internal.retry_ready.run_at is 'Not before this time.';
comment on column backlog_internal.retry_ready.id is 'The item.';

comment on table backlog_internal.retry_lease is
  'One row per acquired batch, lane and priority: a time-limited right to its items.';
comment on column backlog_internal.retry_lease.token is 'Lock token: grows with every claim and fences stale workers.';
comment on column backlog_internal.retry_lease.lane_id is 'The lane of the items.';
comment on column backlog_internal.retry_lease.part is
  'Place of its first item in the batch: a batch over lanes and priorities has several rows.';
comment on column backlog_internal.retry_lease.gate_id is 'The gate that was passed, if any.';
comment on column backlog_internal.retry_lease.worker_id is 'Who holds it.';
comment on column backlog_internal.retry_lease.claimed_at is 'When it was claimed.';
comment on column backlog_internal.retry_lease.leased_until is 'When the items come back by themselves.';
comment on column backlog_internal.retry_lease.ids is 'The items still under this lease.';

comment on table backlog_internal.dead_letter is 'Items that will not be retried by themselves.';
comment on column backlog_internal.dead_letter.id is 'The item''s id, kept through redrives.';
comment on column backlog_internal.dead_letter.lane_id is 'The lane.';
comment on column backlog_internal.dead_letter.died_at is 'When it became a dead letter.';
comment on column backlog_internal.dead_letter.reason is 'retries_exhausted, permanent_error or expired.';
comment on column backlog_internal.dead_letter.error is 'The last error.';
comment on column backlog_internal.dead_letter.error_code is 'The last error''s code.';
comment on column backlog_internal.dead_letter.priority is '1 to 10, higher first.';
comment on column backlog_internal.dead_letter.retry_count is 'Failed attempts that counted.';
comment on column backlog_internal.dead_letter.redrive_count is 'How often it was redriven before.';
comment on column backlog_internal.dead_letter.max_retries is 'Own limit of failed attempts; null means the policy.';
comment on column backlog_internal.dead_letter.retry_delay_seconds is 'Own first pause; null means the policy.';
comment on column backlog_internal.dead_letter.created_at is 'When the item was enqueued.';
comment on column backlog_internal.dead_letter.expires_at is 'When the item was to expire.';
comment on column backlog_internal.dead_letter.event_id is 'Stable public identity of the event.';
comment on column backlog_internal.dead_letter.backoff_multiplier is 'Own multiplier; null means the policy.';
comment on column backlog_internal.dead_letter.plugin_name is 'Who enqueued it.';
comment on column backlog_internal.dead_letter.correlation_id is 'Ties the item to other work.';
comment on column backlog_internal.dead_letter.dedupe_key is 'Dedupe key, free for others while the item is dead.';
comment on column backlog_internal.dead_letter.tags is 'Free labels.';
comment on column backlog_internal.dead_letter.errors is 'The last errors, oldest first: at, error, error_code.';
comment on column backlog_internal.dead_letter.event_metadata is 'Free facts about the event.';
comment on column backlog_internal.dead_letter.event_data is 'The payload.';

comment on table backlog_internal.failure_rule is
  'What a failure means: the first rule that matches, own event type before any, lower position first.';
comment on column backlog_internal.failure_rule.failure_rule_id is 'Key.';
comment on column backlog_internal.failure_rule.name is 'Name by which the rule is changed or dropped.';
comment on column backlog_internal.failure_rule.event_type is 'Only for this event type; null means any.';
comment on column backlog_internal.failure_rule.code_like is
  'LIKE pattern over the error code: 5 characters are an SQLSTATE, 3 digits an HTTP status, else a name.';
comment on column backlog_internal.failure_rule.message_pattern is 'Case-insensitive regular expression over the error text.';
comment on column backlog_internal.failure_rule.action is
  'retry (counts), retry_later (does not count), dead_letter, or trip (opens the breaker, does not count).';
comment on column backlog_internal.failure_rule.delay_seconds is 'Pause that overrides the backoff.';
comment on column backlog_internal.failure_rule.position is 'Order among rules; lower first.';
comment on column backlog_internal.failure_rule.shipped is 'Whether pgbacklog shipped the rule.';

comment on table backlog_internal.retry_history is
  'What happened to items: one row per failed attempt and per end, partitioned by day.';
comment on column backlog_internal.retry_history.finished_at is 'When it happened.';
comment on column backlog_internal.retry_history.id is 'The item.';
comment on column backlog_internal.retry_history.lane_id is 'The lane.';
comment on column backlog_internal.retry_history.retry_count is 'Failed attempts so far.';
comment on column backlog_internal.retry_history.outcome is
  'completed, failed, dead_letter, cancelled, discarded or redriven.';
comment on column backlog_internal.retry_history.priority is '1 to 10, higher first.';
comment on column backlog_internal.retry_history.created_at is 'When the item was enqueued.';
comment on column backlog_internal.retry_history.claimed_at is 'When the attempt began.';
comment on column backlog_internal.retry_history.event_id is 'Stable public identity of the event.';
comment on column backlog_internal.retry_history.worker_id is 'Who worked on it.';
comment on column backlog_internal.retry_history.plugin_name is 'Who enqueued it.';
comment on column backlog_internal.retry_history.correlation_id is 'Ties the item to other work.';
comment on column backlog_internal.retry_history.error_code is 'Code of the failure.';
comment on column backlog_internal.retry_history.error is 'Text of the failure, or the reason given.';
comment on column backlog_internal.retry_history.event_data is 'The payload, when the policy keeps it.';
comment on table backlog_internal.retry_history_default is 'History of days that have no partition of their own.';

comment on table backlog_internal.listener is
  'Listeners and whether they sleep, so that producers notify only when somebody waits.';
comment on column backlog_internal.listener.worker_id is 'The listener.';
comment on column backlog_internal.listener.event_types is 'What it listens for; null means all.';
comment on column backlog_internal.listener.idle_until is 'Asleep until then, unless woken; in the past means busy.';
comment on column backlog_internal.listener.seen_at is 'Last sign of life.';
comment on type backlog_internal.due_lane is
  'A lane and priority with due items, the gate in front of it and where to read from.';
comment on type backlog_internal.claim is 'A batch being claimed: its lock token once it has one, and its size.';
comment on type backlog_internal.leased_item is 'An item taken out of a lease, and whose lease it was.';
comment on type backlog_internal.failure is 'What a worker says about an item that failed.';
comment on type backlog_internal.failure_verdict is 'What becomes of a failed item.';
comment on type backlog_internal.new_item is 'An item about to be enqueued, and its place in the batch.';
comment on sequence backlog_internal.retry_lock_token is 'Source of lock tokens; one per claim.';
