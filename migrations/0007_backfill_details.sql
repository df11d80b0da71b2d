-- depends: 0006_backfill_refinements

-- What a backfill to a table copies is settled once, not for each chunk.
alter table backlog_internal.backfill
  add column copied_sql text,
  add column converts boolean;

comment on column backlog_internal.backfill.copied_sql is 'What a table gets, as SQL: the columns, each guarded where the table would alter a value.';
comment on column backlog_internal.backfill.converts is 'Whether values become ones of other types in a table, which depends on settings.';
