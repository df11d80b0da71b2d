create or replace view backlog.settings as
select
  d.name,
  coalesce(s.value, d.default_value) as value,
  d.default_value,
  s.changed_at,
  d.type,
  d.meaning
from backlog_internal.setting_defaults as d
left join backlog_internal.setting as s on s.name = d.name;

comment on view backlog.settings is
  $$List the settings with their values; backlog.set_setting changes them.$$;
comment on column backlog.settings.name is 'Name of the setting.';
comment on column backlog.settings.value is 'Value in force.';
comment on column backlog.settings.default_value is 'Value unless it was set.';
comment on column backlog.settings.changed_at is 'When it was set; null while the default is in force.';
comment on column backlog.settings.type is 'Type that the value must be able to take.';
comment on column backlog.settings.meaning is 'What it governs.';
