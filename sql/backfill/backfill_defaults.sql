create or replace function backlog_internal.backfill_defaults()
  returns jsonb
  language sql
  immutable
return '{"filters": [], "consistency": "chunk", "workers": 2, "priority": 5,
  "on_error": "bisect", "create_target": false, "start": true}'::jsonb;

comment on function backlog_internal.backfill_defaults() is
  $$Return the defaults of create_backfill, for options that come as a document.$$;
