begin;
select plan(9);

create table public.t (id int primary key, v int);
create table public.n (x int);
select backlog.create_pipeline('p');
select backlog.add_pipeline_table('p', 'public.t');
select backlog.add_pipeline_table('p', 'public.n', 'append');
select lives_ok($$select backlog.set_pipeline_table('p', 't', '{"mode": "replace", "version_column": "v", "on_foreign_key": "park", "park_seconds": 5}')$$, 'policies can be changed');
select results_eq(
  $$select t.mode, t.version_column, t.on_foreign_key, t.on_malformed, t.park_seconds from backlog.pipeline_tables as t where t.table_name = 't'$$,
  $$values ('replace', 'v', 'park', 'dead_letter_item', 5)$$, 'and others stay'
);
select throws_ok($$select backlog.set_pipeline_table('p', 't', '{"key_columns": []}')$$, 'PB003', 'unknown option key_columns', 'the key stays');
select throws_ok($$select backlog.set_pipeline_table('p', 't', '{"mode": "x"}')$$, 'PB003', null, 'an unknown mode');
select throws_ok($$select backlog.set_pipeline_table('p', 't', '{"version_column": "x"}')$$, 'PB102', null, 'an unknown column');
select throws_ok($$select backlog.set_pipeline_table('p', 'n', '{"mode": "upsert"}')$$, 'PB102', null, 'a mode that needs a key');
select throws_ok($$select backlog.set_pipeline_table('p', 't', '7')$$, 'PB003', null, 'no object');
select throws_ok($$select backlog.set_pipeline_table('p', 'u', '{}')$$, 'PB101', null, 'an unknown table');
select throws_ok($$select backlog.set_pipeline_table('q', 't', '{}')$$, 'PB101', null, 'an unknown pipeline');

select * from finish();
rollback;
