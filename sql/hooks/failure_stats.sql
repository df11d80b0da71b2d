create or replace view backlog.failure_stats as
select
  f.pipeline,
  sum(f.failures)::bigint as failures,
  max(f.last_failure_at) as last_failure_at,
  (array_agg(f.last_error order by f.last_failure_at desc))[1] as last_error,
  (array_agg(f.last_error_code order by f.last_failure_at desc))[1] as last_error_code
from backlog_internal.failure_count as f
group by f.pipeline;

comment on view backlog.failure_stats is
  $$Count the failures of each pipeline, and tell the last one.

A row that is refused again, or an item that dies again, counts again.$$;
comment on column backlog.failure_stats.failures is 'How many records failed.';
comment on column backlog.failure_stats.last_failure_at is 'When the last of them did.';
comment on column backlog.failure_stats.last_error is 'Its error.';
comment on column backlog.failure_stats.last_error_code is 'Its error code.';
