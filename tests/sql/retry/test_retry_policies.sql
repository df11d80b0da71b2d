begin;
select plan(1);
set local test.now = '2030-01-01 12:00:00+00';

select backlog.set_retry_policy('mail', p_max_retries => 8);
select backlog.pause_event_type('mail', 'why');
select results_eq(
  $$select p.event_type, p.max_retries, p.paused_at, p.pause_reason, p.updated_at from backlog.retry_policies as p where p.event_type <> '*'$$,
  $$values ('mail', 8, '2030-01-01 12:00:00+00'::timestamptz, 'why', '2030-01-01 12:00:00+00'::timestamptz)$$, 'policies show their pause'
);

select * from finish();
rollback;
