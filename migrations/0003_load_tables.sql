-- depends: 0002_retry_queue

-- Loads: what is moved (pipeline, pipeline_table, pipeline_check), what waits (staged_item, and the delta
-- tables that add_pipeline_table makes), what was refused (quarantine_row, quarantine_violation) and what
-- happened (load, load_table). Tables that only matter while a load runs are unlogged.

create table backlog_internal.pipeline (
  pipeline_id bigint generated always as identity constraint pipeline_pkey primary key,
  name text not null constraint pipeline_name_is_unique unique
    constraint pipeline_name_is_plain check (name ~ '^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,62}$'),
  description text,
  load_delay_seconds int not null
    constraint pipeline_load_delay_not_negative check (load_delay_seconds >= 0),
  min_rows bigint not null constraint pipeline_min_rows_is_positive check (min_rows > 0),
  max_rejects bigint constraint pipeline_max_rejects_not_negative check (max_rejects >= 0),
  max_reject_ratio numeric
    constraint pipeline_max_reject_ratio_in_range check (max_reject_ratio between 0 and 1),
  auto_load boolean not null,
  checkpoint_payload text
    constraint pipeline_checkpoint_payload_is_known
    check (checkpoint_payload in ('none', 'keys', 'records')),
  paused_at timestamptz,
  pause_reason text,
  load_after timestamptz not null default '-infinity',
  created_by text not null,
  created_at timestamptz not null
);

create table backlog_internal.pipeline_table (
  pipeline_table_id bigint generated always as identity constraint pipeline_table_pkey primary key,
  pipeline_id bigint not null
    constraint pipeline_table_pipeline_fkey references backlog_internal.pipeline on delete cascade,
  name text not null,
  stable_table regclass not null,
  delta_table regclass not null,
  staging_table regclass not null,
  mode text not null
    constraint pipeline_table_mode_is_known check (mode in ('upsert', 'append', 'replace')),
  column_names text[] not null,
  column_numbers smallint[] not null,
  last_column_number smallint not null,
  key_columns text[] not null,
  version_column text,
  delete_column text,
  on_malformed text not null
    constraint pipeline_table_on_malformed_is_known
    check (on_malformed in ('dead_letter_item', 'quarantine_row', 'null_value')),
  on_foreign_key text not null
    constraint pipeline_table_on_foreign_key_is_known
    check (on_foreign_key in ('refuse_load', 'quarantine_row', 'park', 'dead_letter_item')),
  on_unknown_field text not null
    constraint pipeline_table_on_unknown_field_is_known check (on_unknown_field in ('ignore', 'reject')),
  park_seconds int not null constraint pipeline_table_park_is_positive check (park_seconds > 0),
  load_order int not null default 0,
  late_columns text[] not null default '{}',
  deferred_keys text[] not null default '{}',
  created_at timestamptz not null,
  constraint pipeline_table_name_is_unique unique (pipeline_id, name),
  constraint pipeline_table_is_loaded_once unique (pipeline_id, stable_table),
  constraint pipeline_table_has_its_own_delta unique (delta_table)
);

create table backlog_internal.pipeline_check (
  pipeline_check_id bigint generated always as identity constraint pipeline_check_pkey primary key,
  pipeline_table_id bigint not null
    constraint pipeline_check_table_fkey references backlog_internal.pipeline_table on delete cascade,
  name text not null,
  predicate text not null,
  created_by text not null,
  created_at timestamptz not null,
  constraint pipeline_check_name_is_unique unique (pipeline_table_id, name)
);

create table backlog_internal.staged_item (
  item_id bigint not null constraint staged_item_pkey primary key,
  pipeline_id bigint not null
    constraint staged_item_pipeline_fkey references backlog_internal.pipeline on delete cascade,
  lock_token bigint not null,
  held_token bigint,
  row_count bigint not null,
  malformed_count bigint not null default 0,
  epoch bigint not null,
  generation text,
  staged_at timestamptz not null,
  load_id bigint,
  problem text
) with (
  fillfactor = 70, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 500
);
create index staged_item_by_pipeline on backlog_internal.staged_item (pipeline_id);

create table backlog_internal.partial_generation (
  pipeline_id bigint not null
    constraint partial_generation_pipeline_fkey references backlog_internal.pipeline on delete cascade,
  generation text not null,
  noted_at timestamptz not null,
  constraint partial_generation_pkey primary key (pipeline_id, generation)
);

-- One row. The canary is unlogged: when it is gone and this is not, the server crashed and took the
-- delta tables with it.
create table backlog_internal.delta_epoch (
  epoch bigint not null constraint delta_epoch_pkey primary key,
  began_at timestamptz not null
);
create unlogged table backlog_internal.delta_canary (
  epoch bigint not null constraint delta_canary_pkey primary key
);
insert into backlog_internal.delta_epoch (epoch, began_at) values (1, clock_timestamp());
insert into backlog_internal.delta_canary (epoch) values (1);

create sequence backlog_internal.delta_page;

create table backlog_internal.load (
  load_id bigint generated by default as identity constraint load_pkey primary key,
  pipeline_id bigint not null
    constraint load_pipeline_fkey references backlog_internal.pipeline on delete cascade,
  outcome text not null
    constraint load_outcome_is_known check (outcome in ('loaded', 'refused', 'failed')),
  started_at timestamptz not null,
  finished_at timestamptz not null,
  items_completed bigint not null default 0,
  items_failed bigint not null default 0,
  error_code text,
  error text,
  problems jsonb,
  incident_id bigint
);
create index load_by_pipeline on backlog_internal.load (pipeline_id, load_id);

create table backlog_internal.load_table (
  load_id bigint not null constraint load_table_load_fkey references backlog_internal.load on delete cascade,
  table_name text not null,
  load_order int not null,
  received bigint not null,
  inserted bigint not null,
  updated bigint not null,
  unchanged bigint not null,
  deleted bigint not null,
  rejected bigint not null,
  parked bigint not null,
  duplicates bigint not null,
  outdated bigint not null,
  note text,
  constraint load_table_pkey primary key (load_id, table_name)
);

create unlogged table backlog_internal.load_work (
  load_id bigint not null,
  pipeline_table_id bigint not null,
  load_order int not null,
  rows_sql text not null,
  received bigint not null default 0,
  accepted bigint not null default 0,
  marked bigint not null default 0,
  inserted bigint not null default 0,
  updated bigint not null default 0,
  unchanged bigint not null default 0,
  deleted bigint not null default 0,
  rejected bigint not null default 0,
  parked bigint not null default 0,
  duplicates bigint not null default 0,
  outdated bigint not null default 0,
  complete_set boolean not null default false,
  payload text not null default 'none',
  note text,
  constraint load_work_pkey primary key (load_id, pipeline_table_id)
);

create unlogged table backlog_internal.load_verdict (
  load_id bigint not null,
  pipeline_table_id bigint not null,
  source regclass not null,
  row_id tid not null,
  item_id bigint,
  quarantine_row_id bigint,
  rule text not null,
  sql_state text not null,
  constraint_name text,
  column_name text,
  value text,
  message text not null,
  action text not null,
  settled boolean not null default false
);
create index load_verdict_by_table on backlog_internal.load_verdict (load_id, pipeline_table_id);

create unlogged table backlog_internal.refused_row (
  batch_id bigint not null,
  pipeline_table_id bigint not null,
  source regclass not null,
  row_id tid not null,
  item_id bigint,
  state text not null,
  row_data jsonb not null,
  row_key jsonb,
  row_version jsonb,
  row_hash bigint generated always as (jsonb_hash_extended(coalesce(row_key, row_data), 0)) stored,
  arrival_page bigint not null,
  arrival_position int not null,
  reasons text[] not null,
  quarantine_row_id bigint,
  is_new boolean not null default false,
  is_again boolean not null default false,
  is_filed boolean not null default false
);
create index refused_row_by_table on backlog_internal.refused_row (batch_id, pipeline_table_id);

create unlogged table backlog_internal.load_change (
  load_id bigint not null,
  pipeline_table_id bigint not null,
  record jsonb not null
);
create index load_change_by_table on backlog_internal.load_change (load_id, pipeline_table_id);

create table backlog_internal.quarantine_row (
  quarantine_row_id bigint generated by default as identity constraint quarantine_row_pkey primary key,
  pipeline_id bigint not null
    constraint quarantine_row_pipeline_fkey references backlog_internal.pipeline on delete cascade,
  pipeline_table_id bigint not null
    constraint quarantine_row_table_fkey references backlog_internal.pipeline_table on delete cascade,
  state text not null
    constraint quarantine_row_state_is_known
    check (state in ('waiting', 'parked', 'replaying', 'replayed', 'superseded', 'dismissed', 'value_dropped')),
  row_data jsonb not null,
  row_key jsonb,
  row_version jsonb,
  row_hash bigint not null
    generated always as (jsonb_hash_extended(coalesce(row_key, row_data), 0)) stored,
  arrival_page bigint not null default 0,
  arrival_position int not null default 0,
  item_id bigint,
  load_id bigint,
  superseded_by bigint,
  replays int not null default 0,
  seen_count int not null default 1,
  created_at timestamptz not null,
  last_seen_at timestamptz not null,
  parked_until timestamptz,
  closed_at timestamptz,
  note text
);
create index quarantine_row_by_pipeline on backlog_internal.quarantine_row (pipeline_id, state);
create index quarantine_row_by_table
  on backlog_internal.quarantine_row (pipeline_table_id, state, row_hash);
create index quarantine_row_by_item on backlog_internal.quarantine_row (item_id) where state = 'waiting';

create table backlog_internal.quarantine_violation (
  quarantine_violation_id bigint generated always as identity constraint quarantine_violation_pkey primary key,
  quarantine_row_id bigint not null
    constraint quarantine_violation_row_fkey references backlog_internal.quarantine_row on delete cascade,
  rule text not null,
  sql_state text not null,
  constraint_name text,
  column_name text,
  value text,
  message text not null,
  found_at timestamptz not null
);
create index quarantine_violation_by_row on backlog_internal.quarantine_violation (quarantine_row_id);

create table backlog_internal.export (
  export_id bigint generated always as identity constraint export_pkey primary key,
  name text not null constraint export_name_is_unique unique,
  query text not null,
  pipeline_id bigint
    constraint export_pipeline_fkey references backlog_internal.pipeline on delete set null,
  document jsonb,
  etag text,
  row_count bigint,
  due boolean not null default true,
  refreshed_at timestamptz,
  changed_at timestamptz,
  error text,
  created_by text not null,
  created_at timestamptz not null
);
create index export_by_pipeline on backlog_internal.export (pipeline_id);

comment on table backlog_internal.pipeline is 'A named flow into one or more tables, with its policies.';
comment on column backlog_internal.pipeline.pipeline_id is 'Key.';
comment on column backlog_internal.pipeline.name is 'Name; its fetch items have the event type fetch.<name>.';
comment on column backlog_internal.pipeline.description is 'What it is for.';
comment on column backlog_internal.pipeline.load_delay_seconds is 'Rows wait at most this long before a load is due.';
comment on column backlog_internal.pipeline.min_rows is 'A load is due at once when so many rows wait.';
comment on column backlog_internal.pipeline.max_rejects is 'A load that rejects more rows is refused; null means no limit.';
comment on column backlog_internal.pipeline.max_reject_ratio is 'A load that rejects a larger share of its rows is refused.';
comment on column backlog_internal.pipeline.auto_load is 'Whether pipelines_to_load names it.';
comment on column backlog_internal.pipeline.checkpoint_payload is
  'What the checkpoint events of its loads hold: none, keys or records; null means what the hooks want.';
comment on column backlog_internal.pipeline.paused_at is 'When it was paused; null means it runs.';
comment on column backlog_internal.pipeline.pause_reason is 'Why it was paused.';
comment on column backlog_internal.pipeline.load_after is 'No automatic load before this time: set after a refused or failed one.';
comment on column backlog_internal.pipeline.created_by is 'The role that made it.';
comment on column backlog_internal.pipeline.created_at is 'When it was made.';

comment on table backlog_internal.pipeline_table is 'A stable table that a pipeline loads, and how.';
comment on column backlog_internal.pipeline_table.pipeline_table_id is 'Key.';
comment on column backlog_internal.pipeline_table.pipeline_id is 'The pipeline.';
comment on column backlog_internal.pipeline_table.name is 'Name within the pipeline.';
comment on column backlog_internal.pipeline_table.stable_table is 'The user''s own table.';
comment on column backlog_internal.pipeline_table.delta_table is 'Where rows wait: for COPY and INSERT, columns as in the stable table.';
comment on column backlog_internal.pipeline_table.staging_table is 'Child of the delta table that holds staged pages, with the item of each row.';
comment on column backlog_internal.pipeline_table.mode is 'upsert, append or replace.';
comment on column backlog_internal.pipeline_table.column_names is 'The columns that the pipeline fills; others are never touched.';
comment on column backlog_internal.pipeline_table.column_numbers is 'Their numbers in the stable table, to recognise a renamed column.';
comment on column backlog_internal.pipeline_table.last_column_number is 'Newest column of the stable table when it was last looked at.';
comment on column backlog_internal.pipeline_table.key_columns is 'By which a row is found again; empty for append without a key.';
comment on column backlog_internal.pipeline_table.version_column is 'A row never replaces one with a greater version.';
comment on column backlog_internal.pipeline_table.delete_column is 'A row in which this is true deletes.';
comment on column backlog_internal.pipeline_table.on_malformed is 'What becomes of a row of the wrong shape, type or content.';
comment on column backlog_internal.pipeline_table.on_foreign_key is 'What becomes of a row without its parent.';
comment on column backlog_internal.pipeline_table.on_unknown_field is 'What becomes of fields that are no column.';
comment on column backlog_internal.pipeline_table.park_seconds is 'How long a parked row waits for its parent.';
comment on column backlog_internal.pipeline_table.load_order is 'Place in the load: parents first.';
comment on column backlog_internal.pipeline_table.late_columns is 'Columns of a foreign key cycle, filled after all tables.';
comment on column backlog_internal.pipeline_table.deferred_keys is 'Foreign keys of a cycle that are checked at the end of the load.';
comment on column backlog_internal.pipeline_table.created_at is 'When it was added.';

comment on table backlog_internal.pipeline_check is 'A rule of the pipeline''s own that rows must keep.';
comment on column backlog_internal.pipeline_check.pipeline_check_id is 'Key.';
comment on column backlog_internal.pipeline_check.pipeline_table_id is 'The table whose rows are judged.';
comment on column backlog_internal.pipeline_check.name is 'Name of the rule.';
comment on column backlog_internal.pipeline_check.predicate is 'Boolean expression as PostgreSQL prints it; a row breaks it when it is false.';
comment on column backlog_internal.pipeline_check.created_by is 'The role that added it.';
comment on column backlog_internal.pipeline_check.created_at is 'When it was added.';

comment on table backlog_internal.staged_item is 'Retry items with rows in delta tables: being staged, or held until the load.';
comment on column backlog_internal.staged_item.item_id is 'The retry item.';
comment on column backlog_internal.staged_item.pipeline_id is 'The pipeline.';
comment on column backlog_internal.staged_item.lock_token is 'The lease under which its rows were staged; rows with another token are garbage.';
comment on column backlog_internal.staged_item.held_token is 'The pipeline''s own lease once the page is complete.';
comment on column backlog_internal.staged_item.row_count is 'Rows staged; a load that finds another number gives the item back.';
comment on column backlog_internal.staged_item.malformed_count is 'Rows refused at staging that condemn the whole item.';
comment on column backlog_internal.staged_item.epoch is 'The life of the unlogged tables in which it was staged.';
comment on column backlog_internal.staged_item.generation is 'Correlation id of the item: the full set of pages it belongs to.';
comment on column backlog_internal.staged_item.staged_at is 'Last change.';
comment on column backlog_internal.staged_item.load_id is 'The running load that takes it.';
comment on column backlog_internal.staged_item.problem is 'Why the running load condemned it.';

comment on table backlog_internal.partial_generation is 'Sets of pages of which a part was loaded alone: they cannot prove that a row is gone.';
comment on column backlog_internal.partial_generation.pipeline_id is 'The pipeline.';
comment on column backlog_internal.partial_generation.generation is 'Correlation id of the pages.';
comment on column backlog_internal.partial_generation.noted_at is 'When it was noticed.';

comment on table backlog_internal.delta_epoch is 'One row: which life of the unlogged tables this is.';
comment on column backlog_internal.delta_epoch.epoch is 'Grows with every crash of the server.';
comment on column backlog_internal.delta_epoch.began_at is 'When it began.';
comment on table backlog_internal.delta_canary is 'One unlogged row; a crash of the server removes it along with the delta tables'' rows.';
comment on column backlog_internal.delta_canary.epoch is 'Equal to delta_epoch while nothing was lost.';
comment on sequence backlog_internal.delta_page is 'Numbers staged pages, so that the newest copy of a row wins.';

comment on table backlog_internal.load is 'The ledger: one row per load that had something to do.';
comment on column backlog_internal.load.load_id is 'Key.';
comment on column backlog_internal.load.pipeline_id is 'The pipeline.';
comment on column backlog_internal.load.outcome is 'loaded, refused (a policy) or failed (an error).';
comment on column backlog_internal.load.started_at is 'When it began.';
comment on column backlog_internal.load.finished_at is 'When its work was done, just before the commit.';
comment on column backlog_internal.load.items_completed is 'Retry items completed with it.';
comment on column backlog_internal.load.items_failed is 'Retry items that failed with it.';
comment on column backlog_internal.load.error_code is 'SQLSTATE when it did not load.';
comment on column backlog_internal.load.error is 'Why it did not load.';
comment on column backlog_internal.load.problems is 'Some of the verdicts that made it refuse.';
comment on column backlog_internal.load.incident_id is 'The incident that it opened, or that goes on with it.';

comment on table backlog_internal.load_table is 'What a load did to one table.';
comment on column backlog_internal.load_table.load_id is 'The load.';
comment on column backlog_internal.load_table.table_name is 'The table''s name within the pipeline.';
comment on column backlog_internal.load_table.load_order is 'Its place in the load.';
comment on column backlog_internal.load_table.received is 'Rows that waited.';
comment on column backlog_internal.load_table.inserted is 'Rows that were new.';
comment on column backlog_internal.load_table.updated is 'Rows that differed.';
comment on column backlog_internal.load_table.unchanged is 'Rows already there.';
comment on column backlog_internal.load_table.deleted is 'Rows deleted by mark or because a full set lacked them.';
comment on column backlog_internal.load_table.rejected is 'Rows refused, parked ones not counted.';
comment on column backlog_internal.load_table.parked is 'Rows that wait for their parent.';
comment on column backlog_internal.load_table.duplicates is 'Rows of which a newer or an equal copy arrived with them.';
comment on column backlog_internal.load_table.outdated is 'Rows older than the stable table''s.';
comment on column backlog_internal.load_table.note is 'Anything a reader should know.';

comment on table backlog_internal.load_work is 'Working notes of a running load, one row per table.';
comment on column backlog_internal.load_work.load_id is 'The load.';
comment on column backlog_internal.load_work.pipeline_table_id is 'The table.';
comment on column backlog_internal.load_work.load_order is 'Its place in the load.';
comment on column backlog_internal.load_work.rows_sql is 'Query for the rows of this load that are not refused.';
comment on column backlog_internal.load_work.received is 'As in load_table.';
comment on column backlog_internal.load_work.accepted is 'Rows that verdicts left.';
comment on column backlog_internal.load_work.marked is 'Rows among them with a delete mark.';
comment on column backlog_internal.load_work.inserted is 'As in load_table.';
comment on column backlog_internal.load_work.updated is 'As in load_table.';
comment on column backlog_internal.load_work.unchanged is 'As in load_table.';
comment on column backlog_internal.load_work.deleted is 'As in load_table.';
comment on column backlog_internal.load_work.rejected is 'As in load_table.';
comment on column backlog_internal.load_work.parked is 'As in load_table.';
comment on column backlog_internal.load_work.duplicates is 'As in load_table.';
comment on column backlog_internal.load_work.outdated is 'As in load_table.';
comment on column backlog_internal.load_work.complete_set is 'Whether the rows are a full set, so that missing ones may be deleted.';
comment on column backlog_internal.load_work.payload is 'What of the changed rows is kept for checkpoint events: none, keys or records.';
comment on column backlog_internal.load_work.note is 'As in load_table.';

comment on table backlog_internal.load_verdict is 'Verdicts of a running load or of one staged page, one row per violation.';
comment on column backlog_internal.load_verdict.load_id is 'The load, or the negative number of a page.';
comment on column backlog_internal.load_verdict.pipeline_table_id is 'The table.';
comment on column backlog_internal.load_verdict.source is 'Physical table of the row.';
comment on column backlog_internal.load_verdict.row_id is 'Physical place of the row.';
comment on column backlog_internal.load_verdict.item_id is 'Retry item that brought it.';
comment on column backlog_internal.load_verdict.quarantine_row_id is 'Quarantined row that it comes from, or went to.';
comment on column backlog_internal.load_verdict.rule is 'Kind of rule.';
comment on column backlog_internal.load_verdict.sql_state is 'SQLSTATE that PostgreSQL would have raised.';
comment on column backlog_internal.load_verdict.constraint_name is 'The constraint or check.';
comment on column backlog_internal.load_verdict.column_name is 'The column or columns.';
comment on column backlog_internal.load_verdict.value is 'The offending value.';
comment on column backlog_internal.load_verdict.message is 'The violation in words.';
comment on column backlog_internal.load_verdict.action is 'What the policy does with the row.';
comment on column backlog_internal.load_verdict.settled is 'Whether that was done.';

comment on table backlog_internal.refused_row is
  'Rows on their way into quarantine: working notes of a running load or of one staged page.';
comment on column backlog_internal.refused_row.batch_id is 'The load, or the negative number of a page.';
comment on column backlog_internal.refused_row.pipeline_table_id is 'The table.';
comment on column backlog_internal.refused_row.source is 'As in load_verdict.';
comment on column backlog_internal.refused_row.row_id is 'As in load_verdict.';
comment on column backlog_internal.refused_row.item_id is 'Retry item that brought it.';
comment on column backlog_internal.refused_row.state is 'The state it is to have in quarantine.';
comment on column backlog_internal.refused_row.row_data is 'As in quarantine_row.';
comment on column backlog_internal.refused_row.row_key is 'As in quarantine_row.';
comment on column backlog_internal.refused_row.row_version is 'As in quarantine_row.';
comment on column backlog_internal.refused_row.row_hash is 'As in quarantine_row.';
comment on column backlog_internal.refused_row.arrival_page is 'As in quarantine_row.';
comment on column backlog_internal.refused_row.arrival_position is 'As in quarantine_row.';
comment on column backlog_internal.refused_row.reasons is 'Its violations, without their values, in order.';
comment on column backlog_internal.refused_row.quarantine_row_id is 'The quarantined row that it comes from, or goes to.';
comment on column backlog_internal.refused_row.is_new is 'Whether quarantine did not have it yet.';
comment on column backlog_internal.refused_row.is_again is 'Whether the source sent once more what quarantine has.';
comment on column backlog_internal.refused_row.is_filed is 'Whether it has arrived there.';

comment on table backlog_internal.load_change is 'What a running load wrote, kept for its checkpoint events when somebody wants it.';
comment on column backlog_internal.load_change.load_id is 'The load.';
comment on column backlog_internal.load_change.pipeline_table_id is 'The table.';
comment on column backlog_internal.load_change.record is 'A row that was inserted or updated, or its key.';

comment on table backlog_internal.quarantine_row is 'A refused row, waiting for a person or for its parent.';
comment on column backlog_internal.quarantine_row.quarantine_row_id is 'Key.';
comment on column backlog_internal.quarantine_row.pipeline_id is 'The pipeline.';
comment on column backlog_internal.quarantine_row.pipeline_table_id is 'The table.';
comment on column backlog_internal.quarantine_row.state is
  'waiting, parked or replaying; then replayed, superseded or dismissed. value_dropped: loaded without the value.';
comment on column backlog_internal.quarantine_row.row_data is 'The row as it came, or as it was edited.';
comment on column backlog_internal.quarantine_row.row_key is
  'Its key columns as the table has them; null when a part is missing or does not fit.';
comment on column backlog_internal.quarantine_row.row_version is 'Its version column, likewise, under its name.';
comment on column backlog_internal.quarantine_row.row_hash is 'Hash of the key, or of the row without one, to find the same row again.';
comment on column backlog_internal.quarantine_row.arrival_page is 'Number of the page it came with; 0 when it was copied.';
comment on column backlog_internal.quarantine_row.arrival_position is 'Its place in the page.';
comment on column backlog_internal.quarantine_row.item_id is 'Retry item that brought it last.';
comment on column backlog_internal.quarantine_row.load_id is 'The load that refused it last; null when refused at staging.';
comment on column backlog_internal.quarantine_row.superseded_by is
  'The load that brought a newer copy. A second copy from one page keeps waiting beside it.';
comment on column backlog_internal.quarantine_row.replays is 'How often it was replayed.';
comment on column backlog_internal.quarantine_row.seen_count is 'How often the source sent it while it waited.';
comment on column backlog_internal.quarantine_row.created_at is 'When it was first refused.';
comment on column backlog_internal.quarantine_row.last_seen_at is 'When the source sent it last.';
comment on column backlog_internal.quarantine_row.parked_until is 'When a parked row stops waiting for its parent.';
comment on column backlog_internal.quarantine_row.closed_at is 'When it was settled.';
comment on column backlog_internal.quarantine_row.note is 'What a person said about it.';

comment on table backlog_internal.quarantine_violation is 'Why a row was refused: one row per violation.';
comment on column backlog_internal.quarantine_violation.quarantine_violation_id is 'Key.';
comment on column backlog_internal.quarantine_violation.quarantine_row_id is 'The refused row.';
comment on column backlog_internal.quarantine_violation.rule is
  'shape, type, unknown_field, required, check, duplicate, unique, foreign_key, delete or write.';
comment on column backlog_internal.quarantine_violation.sql_state is 'SQLSTATE that PostgreSQL would have raised.';
comment on column backlog_internal.quarantine_violation.constraint_name is 'The constraint or check.';
comment on column backlog_internal.quarantine_violation.column_name is 'The column or columns.';
comment on column backlog_internal.quarantine_violation.value is 'The offending value.';
comment on column backlog_internal.quarantine_violation.message is 'The violation in words.';
comment on column backlog_internal.quarantine_violation.found_at is 'When it was found.';

comment on table backlog_internal.export is 'A query kept as a JSON document for readers such as API caches.';
comment on column backlog_internal.export.export_id is 'Key.';
comment on column backlog_internal.export.name is 'Name.';
comment on column backlog_internal.export.query is 'The query; its rows become the document.';
comment on column backlog_internal.export.pipeline_id is 'The pipeline whose loads make it due.';
comment on column backlog_internal.export.document is 'The rows as a JSON array.';
comment on column backlog_internal.export.etag is 'Checksum of the document.';
comment on column backlog_internal.export.row_count is 'Rows in the document.';
comment on column backlog_internal.export.due is 'Whether it should be refreshed.';
comment on column backlog_internal.export.refreshed_at is 'Last refresh.';
comment on column backlog_internal.export.changed_at is 'Last refresh that changed the document.';
comment on column backlog_internal.export.error is 'Why the last refresh failed.';
comment on column backlog_internal.export.created_by is 'The role that made it.';
comment on column backlog_internal.export.created_at is 'When it was made.';
