begin;
select plan(12);

select isnt(backlog.create_pipeline('orders', 'What it is for', 5, 100, 10, 0.5, false), null, 'a pipeline has an id');
select results_eq(
  'select p.name, p.description, p.load_delay_seconds, p.min_rows, p.max_rejects, p.max_reject_ratio, p.auto_load, p.tables, p.staged_items, p.created_by from backlog.pipelines as p',
  $$values ('orders', 'What it is for', 5, 100::bigint, 10::bigint, 0.5, false, 0::bigint, 0::bigint, current_user::text)$$,
  'and is listed'
);
select throws_ok($$select backlog.create_pipeline('orders')$$, 'PB102', 'there is a pipeline ''orders'' already', 'a name that is taken');
select throws_ok($$select backlog.create_pipeline('')$$, 'PB003', ''''' is not a pipeline name', 'no name');
select throws_ok($$select backlog.create_pipeline(null)$$, 'PB003', 'null is not a pipeline name', 'null');
select throws_ok($$select backlog.create_pipeline('a b')$$, 'PB003', null, 'a name with a space');
select throws_ok($$select backlog.create_pipeline(repeat('x', 64))$$, 'PB003', null, 'a name that is too long');
select throws_ok($$select backlog.create_pipeline('a', p_load_delay => -1)$$, 'PB003', 'option out of range: load_delay -1', 'a negative delay');
select throws_ok($$select backlog.create_pipeline('a', p_min_rows => 0)$$, 'PB003', null, 'no rows');
select throws_ok($$select backlog.create_pipeline('a', p_max_rejects => -1)$$, 'PB003', null, 'negative rejects');
select throws_ok($$select backlog.create_pipeline('a', p_max_reject_ratio => 2)$$, 'PB003', null, 'a ratio above one');
select throws_ok($$select backlog.create_pipeline('a', p_auto_load => null)$$, 'PB003', null, 'neither true nor false');

select * from finish();
rollback;
