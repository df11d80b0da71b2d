begin;
select plan(24);

create table public.t (id int primary key, total numeric, "when" date, txt text);
create function public.mine(int) returns boolean language sql immutable as 'select $1 < 100';
select backlog.create_pipeline('p');
select backlog.add_pipeline_table('p', 'public.t', p_on_malformed => 'quarantine_row');
select is(backlog.add_pipeline_check('p', 't', 'sane', 'total >= 0 and id > 0 -- really'), '((total >= (0)::numeric) AND (id > 0))', 'a predicate as understood');
select backlog.add_pipeline_check('p', 't', 'modern', $$"when" >= date '1990-01-01'$$);
insert into public.delta_t values (1, -1, '1980-01-01'), (2, null, null), (3, 1, '1990-01-01'), (-4, 1, null);
select results_eq($$select l.inserted, l.rejected from backlog.load_pipeline('p') as l$$, 'values (2::bigint, 2::bigint)', 'rows that break it are refused; null passes');
select results_eq(
  $$select q.row_data ->> 'id', q.rule, q.message from backlog.quarantine as q order by 1, 3$$,
  $$values ('-4', 'check', 'row breaks check sane of the pipeline'), ('1', 'check', 'row breaks check modern of the pipeline'), ('1', 'check', 'row breaks check sane of the pipeline')$$,
  'with each check that they break'
);
select is(backlog.add_pipeline_check('p', 't', 'sane', 'total >= -10'), '(total >= (''-10''::integer)::numeric)', 'a check of the same name is replaced');
insert into public.delta_t values (5, -1, null);
select is((select l.inserted from backlog.load_pipeline('p') as l), 1::bigint, 'and the new one judges');

select is(backlog.add_pipeline_check('p', 't', 'always', 'true'), 'true', 'what is always true');
select backlog.drop_pipeline_check('p', 't', 'always');
select throws_ok($$select backlog.add_pipeline_check('p', 't', 'x', 'true); drop table public.t; --')$$, 'PB102', null, 'a second statement');
select throws_ok($$select backlog.add_pipeline_check('p', 't', 'x', 'true) union select (true')$$, 'PB102', null, 'a second query');
select throws_ok($$select backlog.add_pipeline_check('p', 't', 'x', 'exists (select 1)')$$, 'PB102', null, 'a subquery');
select throws_ok($$select backlog.add_pipeline_check('p', 't', 'x', 'now() > "when"')$$, 'PB102', null, 'a verdict that changes with time');
select throws_ok($$select backlog.add_pipeline_check('p', 't', 'x', 'nope = 1')$$, 'PB102', null, 'an unknown column');
select throws_ok($$select backlog.add_pipeline_check('p', 't', 'x', 'total')$$, 'PB102', null, 'no boolean');
select throws_ok($$select backlog.add_pipeline_check('p', 't', 'x', 'count(*) > 1')$$, 'PB102', null, 'an aggregate');
select throws_ok($$select backlog.add_pipeline_check('p', 't', 'x', '')$$, 'PB003', null, 'nothing');
select throws_ok($$select backlog.add_pipeline_check('p', 't', null, 'true')$$, 'PB003', null, 'no name');
select throws_ok($$select backlog.add_pipeline_check('p', 'u', 'x', 'true')$$, 'PB101', null, 'an unknown table');
select is((select count(*) from public.t), 3::bigint, 'the table is still there');
select is(to_regclass('backlog_internal.delta_probe'), null, 'and no probe is left');

-- Functions of users run with the installer's rights, so not everybody may bring them in.
select is(backlog.add_pipeline_check('p', 't', 'mine', 'public.mine(id)'), 'public.mine(id)', 'one who has these rights anyway may');
create role tap_operator;
grant backlog_operator to tap_operator;
grant select, insert, update, delete on public.t to tap_operator;
set local role tap_operator;
select throws_ok($$select backlog.add_pipeline_check('p', 't', 'x', 'public.mine(id)')$$, '42501', null, 'others may not');
select lives_ok($$select backlog.add_pipeline_check('p', 't', 'x', 'length(txt) < 10')$$, 'what PostgreSQL provides is free');
select throws_ok($$select backlog.add_pipeline_check('p', 't', 'x', 'query_to_xml(''drop table public.t'', true, true, '''') is null')$$, 'PB102', null, 'unless it has side effects');
reset role;
select is((select array_length(t.checks, 1) from backlog.pipeline_tables as t), 4, 'checks are listed');
select backlog.drop_pipeline_check('p', 't', 'modern');
select is((select array_length(t.checks, 1) from backlog.pipeline_tables as t), 3, 'and can be dropped');

select * from finish();
rollback;
