begin;
select plan(7);
set local test.now = '2030-01-01 12:00:00+00';

create temp table report as select backlog.status_report() as r;
select is((select (r.r ->> 'at')::timestamptz from report as r), '2030-01-01 12:00:00+00'::timestamptz, 'when');
select is((select r.r ->> 'version' from report as r), backlog.version(), 'which version');
select is((select r.r -> 'retry' from report as r), backlog_internal.retry_status(), 'the retry engine');
select ok((select r.r ? 'pipelines' from report as r), 'the pipelines');
select is((select r.r -> 'backfills' from report as r), backlog_internal.backfill_status(), 'the backfills');
select is((select r.r -> 'alerts' from report as r), '[]'::jsonb, 'no alerts');
select backlog.pause_event_type('mail', 'why');
select is(
  backlog.status_report() #> '{alerts,0}',
  '{"alert": "paused", "severity": "info", "event_type": "mail", "channel_name": null, "items": null, "since": "2030-01-01T12:00:00+00:00", "advice": "why"}'::jsonb,
  'an alert is in the report'
);
select * from finish();
rollback;
