begin;
select plan(2);

select ok((select bool_and(r.shipped) and count(*) > 10 from backlog.failure_rules as r), 'sensible rules are shipped');
select backlog.set_failure_rule('late', 'retry', 'X', p_position => 9);
select backlog.set_failure_rule('early', 'retry', 'X', p_position => 1);
select backlog.set_failure_rule('own', 'retry', 'X', p_event_type => 'mail', p_position => 1000);
select results_eq(
  $$select r.name from backlog.failure_rules as r limit 4$$,
  $$values ('own'), ('early'), ('late'), ('lease expired')$$, 'in the order in which they are tried'
);

select * from finish();
rollback;
