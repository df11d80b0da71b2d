create or replace view backlog_internal.setting_defaults (name, default_value, type, meaning) as
values
  ('event_max_records', '1000', 'integer', 'Records that an event may have, at least 100; a commit of more becomes several events.'),
  ('event_retention_days', '14', 'integer', 'Days for which events are kept, to be replayed.'),
  ('incident_retention_days', '90', 'integer', 'Days for which settled incidents stay.'),
  ('load_retention_days', '30', 'integer', 'Days for which loads and settled quarantine rows stay in the ledger.'),
  ('load_work_mem', '256MB', 'text', 'Memory that a load may use per sort or hash, if work_mem is less.'),
  ('history_retention_days', '7', 'integer', 'Days for which finished items stay in the history.');

comment on view backlog_internal.setting_defaults is
  $$List every setting with its default. A line here is all it takes to add a setting.$$;
comment on column backlog_internal.setting_defaults.name is 'Name of the setting.';
comment on column backlog_internal.setting_defaults.default_value is 'Value unless it was set.';
comment on column backlog_internal.setting_defaults.type is 'Type that the value must be able to take.';
comment on column backlog_internal.setting_defaults.meaning is 'What it governs.';
