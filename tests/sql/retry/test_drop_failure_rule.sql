begin;
select plan(3);

select backlog.set_failure_rule('mine', 'retry', 'X');
select backlog.drop_failure_rule('mine');
select backlog.drop_failure_rule('HTTP gone');
select is_empty($$select from backlog.failure_rules as r where r.name in ('mine', 'HTTP gone')$$, 'own and shipped rules can be dropped');
select throws_ok($$select backlog.drop_failure_rule('mine')$$, 'PB005', 'there is no failure rule named mine', 'but only once');
select throws_ok($$select backlog.drop_failure_rule(null)$$, 'PB005', 'there is no failure rule named null', 'a null name');

select * from finish();
rollback;
