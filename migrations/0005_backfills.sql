-- depends: 0004_hooks

-- Backfills: what is to be copied (backfill), in which pieces (backfill_chunk), what happened to it
-- (backfill_transition), which keys changed meanwhile or turned out to differ (backfill_touched,
-- backfill_difference), and what starts and stops runs by itself (backfill_schedule, backfill_condition). The
-- work itself is a retry item for each chunk; a refused row is an incident.

create table backlog_internal.backfill (
  backfill_id bigint generated always as identity constraint backfill_pkey primary key,
  pipeline_id bigint not null
    constraint backfill_pipeline_fkey references backlog_internal.pipeline on delete cascade,
  source_table regclass not null,
  kind text not null constraint backfill_kind_is_plain check (kind ~ '^[a-z][a-z0-9_]{0,49}$'),
  destination jsonb not null
    constraint backfill_destination_is_an_object check (jsonb_typeof(destination) = 'object'),
  target_table regclass,
  write_mode text not null
    constraint backfill_write_mode_is_known check (write_mode in ('upsert', 'append')),
  series text not null,
  filters jsonb not null constraint backfill_filters_are_an_array check (jsonb_typeof(filters) = 'array'),
  predicate text,
  where_sql text not null,
  column_names text[] not null,
  column_sql text[] not null,
  target_columns text[] not null,
  key_columns text[] not null,
  key_sql text[] not null,
  key_types text[] not null,
  key_is_unique boolean not null,
  key_is_nullable boolean not null,
  target_key text[] not null,
  consistency text not null
    constraint backfill_consistency_is_known check (consistency in ('chunk', 'snapshot', 'converge')),
  batch_size int not null constraint backfill_batch_size_in_range check (batch_size between 1 and 10000000),
  scan_size int not null constraint backfill_scan_size_in_range check (scan_size between 1 and 100000000),
  workers int not null constraint backfill_workers_in_range check (workers between 1 and 64),
  priority smallint not null constraint backfill_priority_in_range check (priority between 1 and 10),
  on_error text not null constraint backfill_on_error_is_known check (on_error in ('bisect', 'fail')),
  incremental_column text,
  overlap_seconds int,
  cursor_from text,
  cursor_to text,
  state text not null
    constraint backfill_state_is_known
    check (state in ('PENDING', 'EXECUTING', 'COMPLETED', 'FAILED', 'CANCELLED')),
  phase text not null
    constraint backfill_phase_is_known check (phase in ('copy', 'settle', 'converge', 'done')),
  paused_at timestamptz,
  pause_reason text,
  throttled_at timestamptz,
  throttle_reason text,
  reason text,
  fingerprint jsonb not null,
  plan_kind text not null default 'none'
    constraint backfill_plan_kind_is_known check (plan_kind in ('none', 'histogram', 'keyset', 'whole')),
  plan_snapshot pg_snapshot,
  snapshot_name text,
  row_width int not null default 0,
  planned_at timestamptz,
  started_at timestamptz,
  finished_at timestamptz,
  created_by text not null,
  created_at timestamptz not null
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 500);
create index backfill_by_pipeline on backlog_internal.backfill (pipeline_id);
create index backfill_by_series on backlog_internal.backfill (series, backfill_id);
create unique index backfill_executes_once on backlog_internal.backfill (series) where state = 'EXECUTING';
create index backfill_alive on backlog_internal.backfill (priority, backfill_id)
  where state in ('PENDING', 'EXECUTING');

create table backlog_internal.backfill_chunk (
  chunk_id bigint generated always as identity constraint backfill_chunk_pkey primary key,
  backfill_id bigint not null
    constraint backfill_chunk_backfill_fkey references backlog_internal.backfill on delete cascade,
  kind text not null
    constraint backfill_chunk_kind_is_known check (kind in ('range', 'nulls', 'whole', 'settle', 'touched')),
  lower_key text[],
  upper_key text[],
  state text not null default 'PENDING'
    constraint backfill_chunk_state_is_known check (state in ('PENDING', 'COMPLETED', 'FAILED')),
  sized boolean not null default false,
  item_id bigint,
  lock_token bigint,
  worker_id text,
  rows_estimated bigint not null default 0,
  rows_scanned bigint not null default 0,
  rows_matched bigint not null default 0,
  rows_written bigint not null default 0,
  rows_refused bigint not null default 0,
  bytes bigint not null default 0,
  checksum numeric,
  attempts int not null default 0,
  error text,
  error_code text,
  started_at timestamptz,
  finished_at timestamptz,
  verified_at timestamptz,
  source_rows bigint,
  source_checksum numeric,
  destination_rows bigint,
  destination_checksum numeric,
  created_at timestamptz not null
) with (
  fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
  autovacuum_analyze_scale_factor = 0.05
);
create index backfill_chunk_by_backfill on backlog_internal.backfill_chunk (backfill_id, finished_at);
create index backfill_chunk_open on backlog_internal.backfill_chunk (backfill_id, chunk_id)
  where state = 'PENDING';
create index backfill_chunk_failed on backlog_internal.backfill_chunk (backfill_id, chunk_id)
  where state = 'FAILED';
create index backfill_chunk_by_item on backlog_internal.backfill_chunk (item_id) where item_id is not null;

create table backlog_internal.backfill_transition (
  transition_id bigint generated always as identity constraint backfill_transition_pkey primary key,
  backfill_id bigint not null
    constraint backfill_transition_backfill_fkey references backlog_internal.backfill on delete cascade,
  from_state text,
  to_state text not null,
  reason text,
  changed_by text not null,
  changed_at timestamptz not null
);
create index backfill_transition_by_backfill on backlog_internal.backfill_transition (backfill_id, transition_id);

-- Written by triggers on users' tables, one row for each change: no key to look after, nothing to collide with.
create table backlog_internal.backfill_touched (
  touched_id bigint generated always as identity constraint backfill_touched_pkey primary key,
  backfill_id bigint not null,
  key text[]
) with (
  autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_cost_delay = 0
);
create index backfill_touched_by_backfill on backlog_internal.backfill_touched (backfill_id, touched_id);

create table backlog_internal.backfill_difference (
  difference_id bigint generated always as identity constraint backfill_difference_pkey primary key,
  chunk_id bigint not null
    constraint backfill_difference_chunk_fkey references backlog_internal.backfill_chunk on delete cascade,
  key text[] not null,
  problem text not null
    constraint backfill_difference_problem_is_known check (problem in ('missing', 'different', 'extra'))
);
create index backfill_difference_by_chunk on backlog_internal.backfill_difference (chunk_id);

create table backlog_internal.backfill_schedule (
  schedule_id bigint generated always as identity constraint backfill_schedule_pkey primary key,
  name text not null constraint backfill_schedule_name_is_unique unique
    constraint backfill_schedule_name_is_plain check (name ~ '^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,62}$'),
  options jsonb not null,
  every interval not null
    constraint backfill_schedule_period_is_positive check (every >= interval '1 second'),
  next_at timestamptz not null,
  last_backfill_id bigint,
  last_error text,
  created_by text not null,
  created_at timestamptz not null
);

create table backlog_internal.backfill_condition (
  condition_id bigint generated always as identity constraint backfill_condition_pkey primary key,
  name text not null constraint backfill_condition_name_is_unique unique
    constraint backfill_condition_name_is_plain check (name ~ '^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,62}$'),
  query text not null,
  created_by text not null,
  created_at timestamptz not null
);

create table backlog_internal.backfill_view (
  source_view regclass not null constraint backfill_view_pkey primary key,
  key_columns text[] not null,
  created_by text not null,
  created_at timestamptz not null
);

insert into backlog_internal.failure_rule
  (name, code_like, message_pattern, action, delay_seconds, position, shipped)
values ('too many refused rows', 'PB306', null, 'dead_letter', null, 20, true);

comment on table backlog_internal.backfill is 'One run that copies rows of a table to a destination.';
comment on column backlog_internal.backfill.backfill_id is 'Key.';
comment on column backlog_internal.backfill.pipeline_id is 'The pipeline that it belongs to.';
comment on column backlog_internal.backfill.source_table is 'The table, foreign table or registered view that is read.';
comment on column backlog_internal.backfill.kind is 'Kind of destination: table, or the name of a writer.';
comment on column backlog_internal.backfill.destination is 'Where the rows go; connections by name, never secrets.';
comment on column backlog_internal.backfill.target_table is 'The table that is written, for the kind table.';
comment on column backlog_internal.backfill.write_mode is 'upsert or append.';
comment on column backlog_internal.backfill.series is 'Hash of table and destination: runs of one series follow each other.';
comment on column backlog_internal.backfill.filters is 'The filters as given.';
comment on column backlog_internal.backfill.predicate is 'The predicate as PostgreSQL understood it.';
comment on column backlog_internal.backfill.where_sql is 'Filters, predicate and cursor as SQL over the source s.';
comment on column backlog_internal.backfill.column_names is 'Columns of the source that are read.';
comment on column backlog_internal.backfill.column_sql is 'The same as SQL over the source s, with casts.';
comment on column backlog_internal.backfill.target_columns is 'Names in the destination, by position.';
comment on column backlog_internal.backfill.key_columns is 'Columns by which chunks are cut; none means one chunk.';
comment on column backlog_internal.backfill.key_sql is 'The same as SQL over the source s, with the collation of the index.';
comment on column backlog_internal.backfill.key_types is 'Their types.';
comment on column backlog_internal.backfill.key_is_unique is 'Whether no two rows share a key.';
comment on column backlog_internal.backfill.key_is_nullable is 'Whether a key column may be null; such rows are a chunk of their own.';
comment on column backlog_internal.backfill.target_key is 'Columns of the destination by which an upsert finds a row.';
comment on column backlog_internal.backfill.consistency is 'chunk, snapshot or converge.';
comment on column backlog_internal.backfill.batch_size is 'Rows that one chunk may write.';
comment on column backlog_internal.backfill.scan_size is 'Rows that one chunk may read.';
comment on column backlog_internal.backfill.workers is 'Chunks that may be worked on at once.';
comment on column backlog_internal.backfill.priority is '1 to 10; the higher one is served first.';
comment on column backlog_internal.backfill.on_error is 'bisect finds the bad rows and goes on, fail stops the chunk.';
comment on column backlog_internal.backfill.incremental_column is 'Column that tells what is new since the last run.';
comment on column backlog_internal.backfill.overlap_seconds is 'How far the run reaches back before the cursor of the last one.';
comment on column backlog_internal.backfill.cursor_from is 'Where this run began: rows above it.';
comment on column backlog_internal.backfill.cursor_to is 'Where the next one begins: rows up to it.';
comment on column backlog_internal.backfill.state is 'PENDING, EXECUTING, COMPLETED, FAILED or CANCELLED.';
comment on column backlog_internal.backfill.phase is 'copy, then settle or converge if needed, then done.';
comment on column backlog_internal.backfill.paused_at is 'When it was paused; null means it runs.';
comment on column backlog_internal.backfill.pause_reason is 'Why it was paused.';
comment on column backlog_internal.backfill.throttled_at is 'Since when it waits for the server to recover.';
comment on column backlog_internal.backfill.throttle_reason is 'What it waits for.';
comment on column backlog_internal.backfill.reason is 'Why it has the state that it has.';
comment on column backlog_internal.backfill.fingerprint is 'Tables, columns, types, key and filters as they were; a change refuses to resume.';
comment on column backlog_internal.backfill.plan_kind is 'How chunks were planned: histogram, keyset or whole.';
comment on column backlog_internal.backfill.plan_snapshot is 'Transactions in progress when it was planned.';
comment on column backlog_internal.backfill.snapshot_name is 'Exported snapshot in which all chunks are read.';
comment on column backlog_internal.backfill.row_width is 'Estimated bytes of a row.';
comment on column backlog_internal.backfill.planned_at is 'When its upper bound was frozen.';
comment on column backlog_internal.backfill.started_at is 'When the first chunk was taken.';
comment on column backlog_internal.backfill.finished_at is 'When it completed, failed or was cancelled.';
comment on column backlog_internal.backfill.created_by is 'Role that made it and whose rights count.';
comment on column backlog_internal.backfill.created_at is 'When it was made.';

comment on table backlog_internal.backfill_chunk is 'One key range of a backfill; its retry item is the work.';
comment on column backlog_internal.backfill_chunk.chunk_id is 'Key; also names parts of files.';
comment on column backlog_internal.backfill_chunk.backfill_id is 'The backfill.';
comment on column backlog_internal.backfill_chunk.kind is 'range, nulls (rows without a key), whole, settle (late commits) or touched (changed keys).';
comment on column backlog_internal.backfill_chunk.lower_key is 'Key above which it begins; null means no bound. Fewer values than key columns mean a prefix.';
comment on column backlog_internal.backfill_chunk.upper_key is 'Key with which it ends.';
comment on column backlog_internal.backfill_chunk.state is 'PENDING, COMPLETED or FAILED.';
comment on column backlog_internal.backfill_chunk.sized is 'Whether its range is final, so that a second attempt writes the same rows.';
comment on column backlog_internal.backfill_chunk.item_id is 'Its retry item while it is open.';
comment on column backlog_internal.backfill_chunk.lock_token is 'Lock token of the last claim.';
comment on column backlog_internal.backfill_chunk.worker_id is 'Who claimed it last.';
comment on column backlog_internal.backfill_chunk.rows_estimated is 'Rows to scan, estimated.';
comment on column backlog_internal.backfill_chunk.rows_scanned is 'Rows in the range.';
comment on column backlog_internal.backfill_chunk.rows_matched is 'Rows among them that match the filters.';
comment on column backlog_internal.backfill_chunk.rows_written is 'Rows that the destination took or changed.';
comment on column backlog_internal.backfill_chunk.rows_refused is 'Rows that the destination refused.';
comment on column backlog_internal.backfill_chunk.bytes is 'Bytes written; estimated for tables.';
comment on column backlog_internal.backfill_chunk.checksum is 'Checksum of the rows, if the writer reports one.';
comment on column backlog_internal.backfill_chunk.attempts is 'How often it was claimed.';
comment on column backlog_internal.backfill_chunk.error is 'The last error.';
comment on column backlog_internal.backfill_chunk.error_code is 'Its SQLSTATE or name.';
comment on column backlog_internal.backfill_chunk.started_at is 'When the last attempt began.';
comment on column backlog_internal.backfill_chunk.finished_at is 'When it was completed or failed.';
comment on column backlog_internal.backfill_chunk.verified_at is 'When source and destination were compared.';
comment on column backlog_internal.backfill_chunk.source_rows is 'Rows of the source at verification.';
comment on column backlog_internal.backfill_chunk.source_checksum is 'Their checksum.';
comment on column backlog_internal.backfill_chunk.destination_rows is 'Rows of the destination at verification.';
comment on column backlog_internal.backfill_chunk.destination_checksum is 'Their checksum.';
comment on column backlog_internal.backfill_chunk.created_at is 'When it was planned.';

comment on table backlog_internal.backfill_transition is 'Log of the states of a backfill.';
comment on column backlog_internal.backfill_transition.transition_id is 'Key.';
comment on column backlog_internal.backfill_transition.backfill_id is 'The backfill.';
comment on column backlog_internal.backfill_transition.from_state is 'State before; null when it was made.';
comment on column backlog_internal.backfill_transition.to_state is 'State after.';
comment on column backlog_internal.backfill_transition.reason is 'Why.';
comment on column backlog_internal.backfill_transition.changed_by is 'Role that changed it.';
comment on column backlog_internal.backfill_transition.changed_at is 'When.';

comment on table backlog_internal.backfill_touched is 'Keys that changed while a backfill converges, noted by triggers on its table.';
comment on column backlog_internal.backfill_touched.touched_id is 'Key.';
comment on column backlog_internal.backfill_touched.backfill_id is 'The backfill.';
comment on column backlog_internal.backfill_touched.key is 'The key; null means that the table was truncated.';

comment on table backlog_internal.backfill_difference is 'Keys at which source and destination differed at verification.';
comment on column backlog_internal.backfill_difference.difference_id is 'Key.';
comment on column backlog_internal.backfill_difference.chunk_id is 'The chunk.';
comment on column backlog_internal.backfill_difference.key is 'The key.';
comment on column backlog_internal.backfill_difference.problem is 'missing or extra in the destination, or different.';

comment on table backlog_internal.backfill_schedule is 'Backfills that are made again and again.';
comment on column backlog_internal.backfill_schedule.schedule_id is 'Key.';
comment on column backlog_internal.backfill_schedule.name is 'Its name.';
comment on column backlog_internal.backfill_schedule.options is 'Arguments of create_backfill without p_.';
comment on column backlog_internal.backfill_schedule.every is 'Time from one run to the next.';
comment on column backlog_internal.backfill_schedule.next_at is 'When the next run is due.';
comment on column backlog_internal.backfill_schedule.last_backfill_id is 'The last run.';
comment on column backlog_internal.backfill_schedule.last_error is 'Why the last run could not be made.';
comment on column backlog_internal.backfill_schedule.created_by is 'Role whose rights its runs have.';
comment on column backlog_internal.backfill_schedule.created_at is 'When it was made.';

comment on table backlog_internal.backfill_condition is 'Conditions of users under which backfills wait.';
comment on column backlog_internal.backfill_condition.condition_id is 'Key.';
comment on column backlog_internal.backfill_condition.name is 'Its name.';
comment on column backlog_internal.backfill_condition.query is 'Query of one text: why backfills should wait, or null.';
comment on column backlog_internal.backfill_condition.created_by is 'Who made it.';
comment on column backlog_internal.backfill_condition.created_at is 'When it was made.';

comment on table backlog_internal.backfill_view is 'Views that backfills may read, for joins and subqueries.';
comment on column backlog_internal.backfill_view.source_view is 'The view.';
comment on column backlog_internal.backfill_view.key_columns is 'Columns that identify a row of it.';
comment on column backlog_internal.backfill_view.created_by is 'Who registered it.';
comment on column backlog_internal.backfill_view.created_at is 'When it was registered.';
