begin;
select plan(11);

-- The shipped rules
select results_eq(
  $$select c, (backlog_internal.judge_failure('mail', 'x', c)).action
    from unnest('{lease_expired,PB105,PB003,RetryLater,PermanentError,429,401,403,400,405,410,422,404,500,503,57P01,23503,23505,22P02,42P01,40001,08006,TimeoutError}'::text[]) as c$$,
  $$values ('lease_expired', 'retry'), ('PB105', 'dead_letter'), ('PB003', 'dead_letter'), ('RetryLater', 'retry_later'),
    ('PermanentError', 'dead_letter'), ('429', 'retry_later'), ('401', 'trip'), ('403', 'trip'), ('400', 'dead_letter'),
    ('405', 'dead_letter'), ('410', 'dead_letter'), ('422', 'dead_letter'), ('404', null), ('500', null), ('503', null),
    ('57P01', 'retry_later'), ('23503', 'retry'), ('23505', 'dead_letter'), ('22P02', 'dead_letter'), ('42P01', 'dead_letter'),
    ('40001', null), ('08006', null), ('TimeoutError', null)$$,
  'what each kind of error means'
);
select is((backlog_internal.judge_failure('mail', 'x', null)).action, null, 'no code, no rule: an ordinary retry');
select is((backlog_internal.judge_failure('mail', 'x', '4290')).action, null, 'a code is matched whole');

-- Order
select backlog.set_failure_rule('all', 'retry', '40%', p_position => 1);
select is((backlog_internal.judge_failure('mail', 'x', '400')).name, 'all', 'a lower position wins');
select backlog.set_failure_rule('own', 'trip', '400', p_event_type => 'mail', p_position => 999);
select is((backlog_internal.judge_failure('mail', 'x', '400')).name, 'own', 'a rule of the event type wins over all');
select is((backlog_internal.judge_failure('post', 'x', '400')).name, 'all', 'and concerns nobody else');

-- Message patterns
select backlog.set_failure_rule('text', 'dead_letter', p_message_pattern => 'no such (user|order)', p_position => 0);
select is((backlog_internal.judge_failure('post', 'There is No Such Order 5', null)).name, 'text', 'a pattern is matched without case');
select is((backlog_internal.judge_failure('post', 'other', null)).name, null, 'or not at all');
select backlog.set_failure_rule('both', 'trip', '500', 'disk', p_position => 0);
select is((backlog_internal.judge_failure('post', 'disk full', '500')).name, 'both', 'code and message');
select is((backlog_internal.judge_failure('post', 'disk full', '501')).name, null, 'must both fit');
select is((backlog_internal.judge_failure('post', 'out of memory', '500')).name, null, 'indeed');

select * from finish();
rollback;
