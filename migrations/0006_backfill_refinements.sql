-- depends: 0005_backfills
-- These tables have a row for each backfill or chunk: what is built or checked here takes a moment.
-- squawk-ignore-file ban-drop-constraint, constraint-missing-not-valid, require-concurrent-index-creation

-- A converging backfill stops watching its table when it was cancelled, has failed or waits too long, and
-- must know later that it missed changes.
alter table backlog_internal.backfill
  add column watched_tables oid[],
  add column unwatched_at timestamptz;
update backlog_internal.backfill as b
set unwatched_at = b.finished_at
where b.consistency = 'converge'
  and b.state = 'COMPLETED';
create index backfill_watching on backlog_internal.backfill (backfill_id)
  where consistency = 'converge' and unwatched_at is null;
create index backfill_touched_without_key on backlog_internal.backfill_touched (backfill_id) where key is null;
alter table backlog_internal.backfill_chunk
  drop constraint backfill_chunk_kind_is_known,
  add constraint backfill_chunk_kind_is_known
    check (kind in ('range', 'nulls', 'whole', 'settle', 'touched', 'extra', 'blocks', 'repair'));

comment on column backlog_internal.backfill.watched_tables is 'Tables whose changes a converging one notes: the table and its partitions.';
comment on column backlog_internal.backfill.unwatched_at is 'Since when a converging one notes no changes; resuming it starts over.';
comment on column backlog_internal.backfill_touched.key is 'The key; null means that rows went without notice of their keys.';
comment on column backlog_internal.backfill_chunk.kind is 'range, nulls (rows without a key), whole, settle (late commits), touched (changed keys), extra (rows of the destination that the source does not have), blocks (of a table without a key) or repair (keys that differed).';

-- Backfills whose chunks are all read in one exported snapshot, and tables without a key that are cut there
-- by their blocks.
alter table backlog_internal.backfill
  add column snapshot_number int
    constraint backfill_snapshot_number_is_natural check (snapshot_number >= 0),
  add column snapshot_at timestamptz,
  add column snapshot_pid int,
  add column snapshot_files jsonb,
  drop constraint backfill_plan_kind_is_known,
  add constraint backfill_plan_kind_is_known
    check (plan_kind in ('none', 'histogram', 'keyset', 'whole', 'blocks'));

comment on column backlog_internal.backfill.plan_kind is 'How chunks were planned: histogram, keyset, blocks or whole.';
comment on column backlog_internal.backfill.snapshot_name is 'Name under which the snapshot of all chunks is exported now.';
comment on column backlog_internal.backfill.snapshot_number is 'Which snapshot all chunks are read in, 0 before the first; null means each in its own.';
comment on column backlog_internal.backfill.snapshot_at is 'When it was taken: the copy shows the rows as of then.';
comment on column backlog_internal.backfill.snapshot_pid is 'Server process that exports it under snapshot_name.';
comment on column backlog_internal.backfill.snapshot_files is 'Files of its tables as of then; when they are replaced the rows are gone.';
comment on column backlog_internal.backfill_chunk.lower_key is 'Key above which it begins; null means no bound. Fewer values than key columns mean a prefix. For blocks, the first one.';
comment on column backlog_internal.backfill_chunk.upper_key is 'Key with which it ends. For blocks, the first one that is not part of it.';

-- What writers have brought is compared and repaired too.
alter table backlog_internal.backfill_chunk add column replaces bigint;
alter table backlog_internal.backfill_difference
  add column repair_chunk_id bigint,
  add constraint backfill_difference_repair_fkey foreign key (repair_chunk_id)
    references backlog_internal.backfill_chunk on delete set null not valid;
alter table backlog_internal.backfill_difference validate constraint backfill_difference_repair_fkey;
create index backfill_difference_by_repair on backlog_internal.backfill_difference (repair_chunk_id)
  where repair_chunk_id is not null;

comment on column backlog_internal.backfill_chunk.replaces is 'The chunk whose files it writes anew.';
comment on column backlog_internal.backfill_difference.repair_chunk_id is 'The chunk that copies the key again.';
