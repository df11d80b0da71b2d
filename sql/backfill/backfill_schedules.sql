create or replace view backlog.backfill_schedules as
select
  s.name, s.every, s.next_at, s.options, s.last_backfill_id, b.state as last_state, s.last_error, s.created_by,
  s.created_at
from backlog_internal.backfill_schedule as s
left join backlog_internal.backfill as b on b.backfill_id = s.last_backfill_id;

comment on view backlog.backfill_schedules is
  $$List the schedules of backfills, when each is due, and how its last run stands.$$;
comment on column backlog.backfill_schedules.last_state is 'State of the last run.';
comment on column backlog.backfill_schedules.created_by is 'Role whose rights its runs have.';
comment on column backlog.backfill_schedules.created_at is 'When it was made.';
