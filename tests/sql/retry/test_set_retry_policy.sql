begin;
select plan(28);
set local test.now = '2030-01-01 12:00:00+00';

select results_eq(
  $$select p.event_type, p.max_retries, p.retry_delay_seconds, p.backoff_kind, p.backoff_multiplier, p.paused_at from backlog.retry_policies as p$$,
  $$values ('*', 3, 60, 'exponential', 2.0, null::timestamptz)$$, 'there is one default'
);
select backlog.set_retry_policy('mail', 9, 1, 'linear', 1.5, 100, 0.5, 7, true, 2, 'channel', 10, 20, 4, 6, 30, 40, 3);
select results_eq(
  $$select * from backlog.retry_policies as p where p.event_type = 'mail'$$,
  $$values ('mail', 9, 1, 'linear', 1.5, 100, 0.5, 7, true, 2, 'channel', 10::numeric, 20, 4, 6, 30, 40, 3,
      null::timestamptz, null::text, '2030-01-01 12:00:00+00'::timestamptz)$$, 'every value is kept'
);
select backlog.set_retry_policy('mail', p_max_retries => 8);
select results_eq(
  $$select p.max_retries, p.retry_delay_seconds, p.rate_limit_per_second from backlog.retry_policies as p where p.event_type = 'mail'$$,
  $$values (8, 1, 10::numeric)$$, 'null leaves a value as it is'
);
select backlog.set_retry_policy('mail', p_rate_limit_per_second => 0, p_rate_limit_burst => 0, p_concurrency_limit => 0, p_breaker_threshold => 0);
select results_eq(
  $$select p.rate_limit_per_second, p.rate_limit_burst, p.concurrency_limit, p.breaker_threshold from backlog.retry_policies as p where p.event_type = 'mail'$$,
  $$values (null::numeric, null::int, null::int, null::int)$$, '0 takes a limit away'
);
select backlog.set_retry_policy('*', p_max_retries => 5);
select backlog.set_retry_policy('post', p_retry_delay_seconds => 2);
select results_eq(
  $$select p.event_type, p.max_retries from backlog.retry_policies as p order by 1$$,
  $$values ('*', 5), ('mail', 8), ('post', 5)$$, 'a new policy starts from the default'
);

-- Items follow their policy, whether it came before them or after
select backlog.enqueue_retry_item('other');
select backlog.enqueue_retry_item('post');
set local test.now = '2030-01-01 12:00:01+00';
select results_eq($$select i.event_type, i.max_retries from backlog.retry_items as i order by 1$$, $$values ('other', 5), ('post', 5)$$, 'items have the limit of their policy');
select backlog.set_retry_policy('*', p_max_retries => 6);
select results_eq($$select i.event_type, i.max_retries from backlog.retry_items as i order by 1$$, $$values ('other', 6), ('post', 5)$$, 'the default changes for those without a policy of their own');
select results_eq($$select t.event_type, t.max_retries from backlog.acquire_retry_items('w') as t order by 1$$, $$values ('other', 6), ('post', 5)$$, 'workers see it');

-- Refusals
create temp table before as select * from backlog.retry_policies;
select throws_ok('select backlog.set_retry_policy(null)', 'PB003', null, 'no event type');
select throws_ok($$select backlog.set_retry_policy('')$$, 'PB003', null, 'an empty event type');
select throws_ok($$select backlog.set_retry_policy('mail', p_max_retries => -1)$$, 'PB003', 'the policy of mail breaks its rule retry_policy_max_retries_in_range', 'negative retries');
select throws_ok($$select backlog.set_retry_policy('mail', p_max_retries => 1001)$$, 'PB003', null, 'too many retries');
select throws_ok($$select backlog.set_retry_policy('mail', p_retry_delay_seconds => -1)$$, 'PB003', null, 'a negative delay');
select throws_ok($$select backlog.set_retry_policy('mail', p_backoff_kind => 'cubic')$$, 'PB003', null, 'an unknown backoff');
select throws_ok($$select backlog.set_retry_policy('mail', p_backoff_multiplier => 0.5)$$, 'PB003', null, 'a small multiplier');
select throws_ok($$select backlog.set_retry_policy('mail', p_max_delay_seconds => 0)$$, 'PB003', null, 'no cap');
select throws_ok($$select backlog.set_retry_policy('mail', p_jitter => 1.5)$$, 'PB003', null, 'too much jitter');
select throws_ok($$select backlog.set_retry_policy('mail', p_keep_errors => 0)$$, 'PB003', null, 'no errors kept');
select throws_ok($$select backlog.set_retry_policy('mail', p_max_redrives => -1)$$, 'PB003', null, 'negative redrives');
select throws_ok($$select backlog.set_retry_policy('mail', p_limit_scope => 'world')$$, 'PB003', null, 'an unknown scope');
select throws_ok($$select backlog.set_retry_policy('mail', p_rate_limit_per_second => -1)$$, 'PB003', null, 'a negative rate');
select throws_ok($$select backlog.set_retry_policy('mail', p_rate_limit_burst => -1)$$, 'PB003', null, 'a negative burst');
select throws_ok($$select backlog.set_retry_policy('mail', p_concurrency_limit => -1)$$, 'PB003', null, 'a negative concurrency');
select throws_ok($$select backlog.set_retry_policy('mail', p_breaker_threshold => -1)$$, 'PB003', null, 'a negative threshold');
select throws_ok($$select backlog.set_retry_policy('mail', p_breaker_window_seconds => 0)$$, 'PB003', null, 'no window');
select throws_ok($$select backlog.set_retry_policy('mail', p_breaker_cooldown_seconds => 0)$$, 'PB003', null, 'no cooldown');
select throws_ok($$select backlog.set_retry_policy('mail', p_breaker_probes => 0)$$, 'PB003', null, 'no probes');
select bag_eq('select * from backlog.retry_policies', 'select * from before', 'nothing was changed');

select * from finish();
rollback;
