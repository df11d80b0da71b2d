create or replace view backlog_internal.setting_defaults (name, default_value, type, meaning) as
values
  ('backfill_breaker_chunks', '5', 'integer', 'Chunks that must have failed before a backfill stops because most do.'),
  ('backfill_chunk_mb', '128', 'numeric', 'Megabytes that a chunk should write at most; of wide rows it has fewer. 0 means any.'),
  ('backfill_chunk_seconds', '2', 'numeric', 'Time that a chunk should take; slower ones are made smaller.'),
  ('backfill_max_refused_rows', '100', 'integer', 'Rows of one chunk that may be refused before the whole chunk is.'),
  ('backfill_max_replica_lag_mb', '512', 'numeric', 'Megabytes that a replica may be behind before backfills wait; 0 means any.'),
  ('backfill_max_slot_wal_mb', '10240', 'numeric', 'Megabytes of WAL that a slot may retain before backfills wait; 0 means any.'),
  ('backfill_max_snapshot_seconds', '3600', 'numeric', 'Seconds for which a session may hold back vacuum before backfills wait; 0 means any.'),
  ('backfill_max_touched_keys', '1000000', 'integer', 'Changed keys that may wait for a converging backfill that is paused, has failed or that nobody works on; more make it start over.'),
  ('backfill_read_seconds', '1800', 'numeric', 'Time after which a writer stops reading a chunk, which is then halved; 0 means any.'),
  ('backfill_settle_seconds', '600', 'integer', 'Seconds for which the end of a backfill waits for old transactions that have written nothing.'),
  ('backfill_throttle_seconds', '1', 'numeric', 'Seconds for which a session that found the server well does not ask again; 0 means before every chunk.'),
  ('backfill_wait_for_vacuum', 'true', 'boolean', 'Whether backfills wait while their table is vacuumed.'),
  ('backfill_watch_seconds', '3600', 'integer', 'Seconds for which a converging backfill that failed, or that nobody works on, goes on noting changes.'),
  ('event_max_records', '1000', 'integer', 'Records that an event may have, at least 100; a commit of more becomes several events.'),
  ('event_retention_days', '14', 'integer', 'Days for which events are kept, to be replayed.'),
  ('incident_retention_days', '90', 'integer', 'Days for which settled incidents stay.'),
  ('load_retention_days', '30', 'integer', 'Days for which loads and settled quarantine rows stay in the ledger.'),
  ('load_bisect_attempts', '1000', 'integer', 'Attempts that a load may make to find the rows that a table refuses for reasons no verdict foresees; 0 makes such a load fail.'),
  ('load_work_mem', '256MB', 'text', 'Memory that a load may use per sort or hash, if work_mem is less.'),
  ('history_retention_days', '7', 'integer', 'Days for which finished items stay in the history.');

comment on view backlog_internal.setting_defaults is
  $$List every setting with its default. A line here is all it takes to add a setting.$$;
comment on column backlog_internal.setting_defaults.name is 'Name of the setting.';
comment on column backlog_internal.setting_defaults.default_value is 'Value unless it was set.';
comment on column backlog_internal.setting_defaults.type is 'Type that the value must be able to take.';
comment on column backlog_internal.setting_defaults.meaning is 'What it governs.';
