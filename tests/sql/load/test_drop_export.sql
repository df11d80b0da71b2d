begin;
select plan(3);

select backlog.create_export('a', 'select 1 as one');
select lives_ok($$select backlog.drop_export('a')$$, 'an export can be dropped');
select is_empty('select * from backlog.exports', 'and is gone');
select throws_ok($$select backlog.drop_export('a')$$, 'PB005', null, 'once');

select * from finish();
rollback;
