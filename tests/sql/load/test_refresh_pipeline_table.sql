begin;
select plan(14);

create table public.t (id int primary key, a int, b varchar(3), left_out int);
select backlog.create_pipeline('p');
select backlog.add_pipeline_table('p', 'public.t', p_columns => '{id,a,b}', p_version_column => 'a', p_delete_column => 'gone');
select is_empty($$select * from backlog.refresh_pipeline_table('p', 't')$$, 'nothing has changed');

alter table public.t rename column a to version;
alter table public.t alter column b type text;
alter table public.t add column c date;
alter table public.t rename column id to key;
select results_eq(
  $$select r.change, r.column_name from backlog.refresh_pipeline_table('p', 't') as r order by 1, 2$$,
  $$values ('added', 'c'), ('renamed', 'key'), ('renamed', 'version'), ('retyped', 'b')$$, 'the changes are found'
);
select results_eq(
  'select t.column_names, t.key_columns, t.version_column from backlog.pipeline_tables as t',
  $$values ('{key,version,b,c}'::text[], '{key}'::text[], 'version')$$, 'and followed'
);
insert into public.delta_t (key, version, b, c) values (1, 1, 'long text', '2020-01-01');
select is((select l.inserted from backlog.load_pipeline('p') as l), 1::bigint, 'loads go on');
select backlog.stage_rows('p', 't', '[{"key": 1, "version": 2, "b": "x"}, {"key": 2, "gone": true}]');
select is((select l.updated from backlog.load_pipeline('p') as l), 1::bigint, 'with staged rows, too');
select results_eq(
  $$select c.column_name from information_schema.columns as c where c.table_name = 'delta_t' and c.table_schema = 'public' order by 1$$,
  $$values ('b'), ('c'), ('gone'), ('key'), ('version')$$, 'what was left out stays out; the delete mark stays'
);
alter table public.t drop column c;
insert into public.delta_t (key, version, b) values (5, 1, 'x');
select is((select l.error_code from backlog.load_pipeline('p') as l), 'PB102', 'a column that is gone stops the load');
select results_eq($$select r.change, r.column_name from backlog.refresh_pipeline_table('p', 't') as r$$, $$values ('dropped', 'c')$$, 'until it is followed');
select is((select l.inserted from backlog.load_pipeline('p') as l), 1::bigint, 'rows that waited load');
alter table public.t add column must int not null default 7;
alter table public.t alter column must drop default;
select results_eq($$select r.change, r.column_name from backlog.refresh_pipeline_table('p', 't') as r$$, $$values ('added', 'must')$$, 'a required column comes in');
delete from public.t;
alter table public.t alter column left_out set not null;
select results_eq($$select r.column_name from backlog.refresh_pipeline_table('p', 't') as r$$, $$values ('left_out')$$, 'it comes in as well') ;
alter table public.t drop constraint t_pkey;
select throws_ok($$select * from backlog.refresh_pipeline_table('p', 't')$$, 'PB102', null, 'without its key the table cannot be loaded');
select throws_ok($$select * from backlog.refresh_pipeline_table('p', 'u')$$, 'PB101', null, 'an unknown table');
insert into public.delta_t (key, version, b, must, left_out) values (6, 1, 'x', 1, 1);
select is((select l.error_code from backlog.load_pipeline('p') as l), 'PB102', 'loads notice that, too');

select * from finish();
rollback;
