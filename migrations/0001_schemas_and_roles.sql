-- depends:
--
-- The two schemas, the four roles, and what the installer remembers about itself.
-- `pgbacklog migrate` makes backlog_internal before the first migration, because the migration
-- tool keeps its own tables there; hence "if not exists" here and nowhere else.

create schema if not exists backlog_internal;
create schema backlog;

comment on schema backlog_internal is 'pgbacklog: tables and helpers. Use the functions and views in schema backlog instead.';
comment on schema backlog is 'pgbacklog: the functions to call and the views to read.';

-- Roles belong to the whole server, and another database may have made them already, or be
-- making them at this moment. The comment marks the ones that uninstall may drop.
do $do$
declare
  v_role text;
begin
  foreach v_role in array array[
    'backlog_producer', 'backlog_worker', 'backlog_operator', 'backlog_monitor'
  ]
  loop
    if not exists (select from pg_catalog.pg_roles as r where r.rolname = v_role) then
      begin
        execute pg_catalog.format('create role %I nologin', v_role);
        execute pg_catalog.format(
          'comment on role %I is %L', v_role, 'made by pgbacklog; dropped by its uninstall'
        );
      exception when duplicate_object or unique_violation then
        null;
      end;
    end if;
  end loop;
end
$do$;

create table backlog_internal.sealed_migration (
  name text not null,
  sha256 text not null,
  applied_at timestamptz not null,
  constraint sealed_migration_pkey primary key (name),
  constraint sealed_migration_has_sha256 check (sha256 ~ '^[0-9a-f]{64}$')
);
comment on table backlog_internal.sealed_migration is 'One row per applied migration file, so that a later edit of the file is noticed.';
comment on column backlog_internal.sealed_migration.name is 'File name without extension.';
comment on column backlog_internal.sealed_migration.sha256 is 'Checksum of the file when it was applied.';
comment on column backlog_internal.sealed_migration.applied_at is 'When it was applied.';

create table backlog_internal.release (
  release_id bigint generated always as identity,
  version text not null,
  server_version_num integer not null,
  loaded_at timestamptz not null,
  constraint release_pkey primary key (release_id)
);
comment on table backlog_internal.release is 'One row per change of the loaded version or of the server it was loaded on.';
comment on column backlog_internal.release.release_id is 'Grows with every row.';
comment on column backlog_internal.release.version is 'Version of pgbacklog whose functions were loaded.';
comment on column backlog_internal.release.server_version_num is 'Version of the server at that time; definitions print differently on another major version.';
comment on column backlog_internal.release.loaded_at is 'When it was first loaded.';

create table backlog_internal.fingerprint (
  kind text not null,
  object text not null,
  md5 text not null,
  constraint fingerprint_pkey primary key (kind, object)
);
comment on table backlog_internal.fingerprint is 'What was shipped, as checksums of definitions; the view backlog.drift compares it with what is there.';
comment on column backlog_internal.fingerprint.kind is 'Kind of object: function, view, trigger, table, constraint or index.';
comment on column backlog_internal.fingerprint.object is 'Qualified name; functions with their argument types.';
comment on column backlog_internal.fingerprint.md5 is 'Checksum of the definition.';

create table backlog_internal.setting (
  name text not null,
  value text not null,
  changed_at timestamptz not null,
  constraint setting_pkey primary key (name)
);
comment on table backlog_internal.setting is 'Settings that differ from their defaults; backlog.settings lists them all.';
comment on column backlog_internal.setting.name is 'Name, as in backlog.settings.';
comment on column backlog_internal.setting.value is 'Value as text.';
comment on column backlog_internal.setting.changed_at is 'When it was set.';
