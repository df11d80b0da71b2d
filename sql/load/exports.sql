create or replace view backlog.exports as
select
  e.name,
  p.name as pipeline,
  e.query,
  e.document,
  e.etag,
  e.row_count,
  e.due,
  e.refreshed_at,
  e.changed_at,
  e.error,
  e.created_by,
  e.created_at
from backlog_internal.export as e
left join backlog_internal.pipeline as p on p.pipeline_id = e.pipeline_id;

comment on view backlog.exports is
  $$List the exports with their documents and ETags.$$;
comment on column backlog.exports.name is 'Name of the export.';
comment on column backlog.exports.pipeline is 'Its loads refresh the export; null when none does.';
