begin;
select plan(14);
set local test.now = '2030-01-01 12:00:00+00';

select backlog.set_failure_rule('quota', 'retry_later', 'QuotaError', 'daily', 'mail', 3600, 7);
select results_eq(
  $$select * from backlog.failure_rules as r where r.name = 'quota'$$,
  $$values ('quota', 'mail', 'QuotaError', 'daily', 'retry_later', 3600, 7, false)$$, 'a rule is added'
);
select backlog.set_failure_rule('quota', 'dead_letter', p_message_pattern => 'weekly');
select results_eq(
  $$select * from backlog.failure_rules as r where r.name = 'quota'$$,
  $$values ('quota', null::text, null::text, 'weekly', 'dead_letter', null::int, 5, false)$$, 'or replaced as a whole'
);
select backlog.set_failure_rule('HTTP bad request', 'retry', '400');
select results_eq(
  $$select r.action, r.shipped from backlog.failure_rules as r where r.name = 'HTTP bad request'$$,
  $$values ('retry', false)$$, 'a shipped rule may be changed and is then one''s own'
);
select is((select count(*) from backlog.failure_rules as r where r.name = 'quota'), 1::bigint, 'names are unique');

select throws_ok($$select backlog.set_failure_rule(null, 'retry', '1')$$, 'PB003', 'a rule needs a name', 'no name');
select throws_ok($$select backlog.set_failure_rule('', 'retry', '1')$$, 'PB003', null, 'an empty name');
select throws_ok($$select backlog.set_failure_rule('x', 'ignore', '1')$$, 'PB003', 'action must be retry, retry_later, dead_letter or trip', 'an unknown action');
select throws_ok($$select backlog.set_failure_rule('x', null, '1')$$, 'PB003', null, 'no action');
select throws_ok($$select backlog.set_failure_rule('x', 'retry')$$, 'PB003', 'a rule must look at the error code or at the message', 'nothing to match');
select throws_ok($$select backlog.set_failure_rule('x', 'retry', '1', p_delay_seconds => -1)$$, 'PB003', 'delay_seconds must not be negative', 'a negative delay');
select throws_ok($$select backlog.set_failure_rule('x', 'retry', '1', p_position => null)$$, 'PB003', 'position must not be null', 'no position');
select throws_ok($$select backlog.set_failure_rule('x', 'retry', p_message_pattern => '(')$$, 'PB003', null, 'a broken regular expression');
select throws_ok($$select backlog.set_failure_rule('x', 'retry', '1\')$$, 'PB003', null, 'a LIKE pattern that ends in its escape');
select is_empty($$select from backlog.failure_rules as r where r.name in ('x', '')$$, 'nothing was written');

select * from finish();
rollback;
