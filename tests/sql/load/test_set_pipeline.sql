begin;
select plan(8);

select backlog.create_pipeline('p', 'before', p_max_rejects => 5);
select lives_ok($$select backlog.set_pipeline('p', '{"load_delay": 7, "max_rejects": null, "auto_load": false}')$$, 'options can be changed');
select results_eq(
  'select p.description, p.load_delay_seconds, p.min_rows, p.max_rejects, p.auto_load from backlog.pipelines as p',
  $$values ('before', 7, 10000::bigint, null::bigint, false)$$, 'and others stay'
);
select throws_ok($$select backlog.set_pipeline('p', '{"colour": 1}')$$, 'PB003', 'unknown option colour', 'an unknown option');
select throws_ok($$select backlog.set_pipeline('p', '{"name": "x"}')$$, 'PB003', null, 'the name stays');
select throws_ok($$select backlog.set_pipeline('p', '[]')$$, 'PB003', null, 'no object');
select throws_ok($$select backlog.set_pipeline('p', null)$$, 'PB003', null, 'nothing');
select throws_ok($$select backlog.set_pipeline('p', '{"min_rows": 0}')$$, 'PB003', null, 'out of range');
select throws_ok($$select backlog.set_pipeline('q', '{}')$$, 'PB101', null, 'an unknown pipeline');

select * from finish();
rollback;
