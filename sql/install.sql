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
\ir core/finish_install.sql

-- Retry engine

-- Loads: from delta tables to stable tables

-- Monitor: status, statistics, alerts, maintenance

-- Triggers: which table calls which function
\ir triggers.sql

-- Seal: drop what is no longer shipped, remember what is
\ir seal.sql

-- Grants: who may call what
\ir grants.sql
