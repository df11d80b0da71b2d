begin;
select plan(26);

-- append
create table public.event (id int primary key, what text);
create table public.log_line (at int, line text);
select backlog.create_pipeline('log');
select backlog.add_pipeline_table('log', 'public.event', 'append');
select backlog.add_pipeline_table('log', 'public.log_line', 'append');
insert into public.event values (1, 'first');
insert into public.delta_event values (1, 'other'), (2, 'two');
insert into public.delta_log_line values (1, 'a'), (1, 'a');
select backlog.load_pipeline('log');
select results_eq(
  $$select t.table_name, t.inserted, t.updated, t.unchanged from backlog.load_tables as t order by 1$$,
  $$values ('event', 1::bigint, 0::bigint, 1::bigint), ('log_line', 2::bigint, 0::bigint, 0::bigint)$$, 'append adds rows and changes none'
);
select is((select e.what from public.event as e where e.id = 1), 'first', 'a row that is there stays');

-- delete marks
create table public.parent (id int primary key, v int, t text not null);
create table public.child (id int primary key, parent_id int references public.parent, gone boolean);
select backlog.create_pipeline('marks');
select backlog.add_pipeline_table('marks', 'public.parent', p_delete_column => 'is_deleted', p_version_column => 'v', p_on_foreign_key => 'quarantine_row');
select backlog.add_pipeline_table('marks', 'public.child', p_delete_column => 'gone', p_on_foreign_key => 'quarantine_row');
insert into public.parent values (1, 1, 'a'), (2, 1, 'b'), (3, 5, 'c'), (4, 1, 'd');
insert into public.child values (1, 1), (2, 2);
insert into public.delta_parent (id, v, is_deleted) values (1, null, true), (3, 4, true), (4, 1, true), (9, 1, true);
insert into public.delta_child (id, gone) values (1, true);
select results_eq(
  $$select l.outcome, l.deleted, l.unchanged, l.error from backlog.load_pipeline('marks') as l$$,
  $$values ('loaded', 3::bigint, 2::bigint, null::text)$$, 'marked rows go, children first, unless they are newer or not there'
);
select results_eq('select p.id from public.parent as p order by 1', 'values (2), (3)', 'these stay');
insert into public.delta_parent (id, is_deleted) values (3, true);
insert into public.delta_child (id, parent_id) values (3, 3), (4, 2);
select results_eq(
  $$select l.outcome, l.deleted, l.inserted, l.rejected from backlog.load_pipeline('marks') as l$$,
  $$values ('loaded', 1::bigint, 1::bigint, 1::bigint)$$, 'a child of a row that the load deletes is an orphan'
);
select backlog.stage_rows('marks', 'child', '[{"id": 4, "gone": true}]');
select is((select l.deleted from backlog.load_pipeline('marks') as l), 1::bigint, 'marks come with staged rows as well');
insert into public.delta_parent (id, is_deleted) values (2, true);
select results_eq(
  $$select l.outcome, l.rejected, l.deleted from backlog.load_pipeline('marks') as l$$,
  $$values ('loaded', 1::bigint, 0::bigint)$$, 'a row that others refer to is not deleted'
);
select results_eq(
  $$select q.rule, q.sql_state, q.constraint_name from backlog.quarantine as q where q.table_name = 'parent'$$,
  $$values ('delete', '23503', 'child_parent_id_fkey')$$, 'but quarantined'
);
insert into public.delta_parent (id, v, t) values (7, 1, 'x');
insert into public.delta_parent (id, v, is_deleted) values (7, 2, true);
select results_eq($$select l.inserted, l.deleted, l.duplicates, l.unchanged from backlog.load_pipeline('marks') as l$$, 'values (0::bigint, 0::bigint, 1::bigint, 1::bigint)', 'a newer mark outdoes an older row');

-- replace
create table public.kind (code text primary key, label text);
create table public.thing (id int primary key, kind text references public.kind);
select backlog.create_pipeline('full');
select backlog.add_pipeline_table('full', 'public.kind', 'replace');
select backlog.add_pipeline_table('full', 'public.thing', 'replace', p_on_foreign_key => 'quarantine_row');
insert into public.kind values ('a', 'A'), ('b', 'B'), ('c', 'C');
insert into public.thing values (1, 'a'), (2, 'b'), (3, 'c');
insert into public.delta_kind values ('a', 'A'), ('b', 'beta'), ('d', 'D');
insert into public.delta_thing values (1, 'a'), (2, 'c'), (4, 'd');
select results_eq(
  $$select l.outcome, l.inserted, l.updated, l.unchanged, l.deleted, l.rejected, l.error from backlog.load_pipeline('full') as l$$,
  $$values ('loaded', 2::bigint, 1::bigint, 2::bigint, 3::bigint, 1::bigint, null::text)$$, 'a full set of copied rows replaces what was there'
);
select results_eq('select t.id, t.kind from public.thing as t order by 1', $$values (1, 'a'), (4, 'd')$$, 'a child of a row that goes is an orphan, and its old row goes too');
insert into public.delta_kind values ('a', 'A'), ('b', 'beta'), ('d', 'D');
select results_eq($$select l.deleted, l.unchanged from backlog.load_pipeline('full') as l$$, 'values (0::bigint, 3::bigint)', 'a table without a single row is not emptied');

-- replace by pages
create temp table it (page int, id bigint, token bigint);
insert into it (page, id) select g, (select e.id from backlog.enqueue_fetch('full', jsonb_build_object('p', g), 'gen 1') as e) from generate_series(1, 2) as g;
update it set token = a.lock_token from backlog.acquire_retry_items('w', 1) as a where a.id = it.id;
select backlog.stage_rows('full', 'kind', '[{"code": "a", "label": "A"}]', id, token) from it where page = 1;
select backlog.stage_retry_item('full', id, 'w', token) from it where page = 1;
select is_empty('select * from backlog.pipelines_to_load()', 'a part of the pages is not worth a load');
select results_eq($$select l.outcome, l.deleted, l.unchanged from backlog.load_pipeline('full') as l$$, $$values ('loaded', 0::bigint, 1::bigint)$$, 'if loaded, it deletes nothing');
select is(
  (select t.note from backlog.load_tables as t where t.table_name = 'kind' order by t.load_id desc limit 1),
  'missing rows were not deleted: pages are still to be fetched', 'and says why'
);
update it set token = a.lock_token from backlog.acquire_retry_items('w', 1) as a where a.id = it.id;
select backlog.stage_rows('full', 'kind', '[{"code": "b", "label": "beta"}]', id, token) from it where page = 2;
select backlog.stage_retry_item('full', id, 'w', token) from it where page = 2;
select results_eq('select p.pipeline, p.reason from backlog.pipelines_to_load() as p', $$values ('full', 'nothing is left to fetch')$$, 'the last page makes it due');
select is((select l.deleted from backlog.load_pipeline('full') as l), 0::bigint, 'but the set is not full any more');
select is(
  (select t.note from backlog.load_tables as t where t.table_name = 'kind' order by t.load_id desc limit 1),
  'missing rows were not deleted: a part of the pages was loaded before', 'and says why'
);

truncate it;
insert into it (page, id) select g, (select e.id from backlog.enqueue_fetch('full', jsonb_build_object('p', g), 'gen 2') as e) from generate_series(1, 2) as g;
update it set token = a.lock_token from backlog.acquire_retry_items('w', 2) as a where a.id = it.id;
select backlog.stage_rows('full', 'kind', format('[{"code": "%s", "label": "x"}]', substr('da', page, 1))::jsonb, id, token), backlog.stage_retry_item('full', id, 'w', token) from it;
select results_eq($$select l.outcome, l.deleted, l.updated, l.items_completed, l.error from backlog.load_pipeline('full') as l$$, $$values ('loaded', 1::bigint, 2::bigint, 2::bigint, null::text)$$, 'all pages of a later set delete what they lack');
select results_eq('select k.code from public.kind as k order by 1', $$values ('a'), ('d')$$, 'b is gone');

-- a dead page
truncate it;
insert into it (page, id) select g, (select e.id from backlog.enqueue_fetch('full', jsonb_build_object('p', g), 'gen 3') as e) from generate_series(1, 2) as g;
update it set token = a.lock_token from backlog.acquire_retry_items('w', 2) as a where a.id = it.id;
select backlog.stage_rows('full', 'kind', '[{"code": "a", "label": "x"}]', id, token), backlog.stage_retry_item('full', id, 'w', token) from it where page = 1;
select backlog.fail_retry_item(id, 'w', 'gone', '410', token) from it where page = 2;
select is((select l.deleted from backlog.load_pipeline('full') as l), 0::bigint, 'with a page missing for good nothing is deleted');
select is(
  (select t.note from backlog.load_tables as t where t.table_name = 'kind' order by t.load_id desc limit 1),
  'missing rows were not deleted: a page is a dead letter', 'and says why'
);

-- sequences
create table public.numbered (id bigint generated always as identity primary key, n serial, t text);
select backlog.create_pipeline('seq');
select backlog.add_pipeline_table('seq', 'public.numbered');
insert into public.delta_numbered (id, n, t) values (1, 1, 'a'), (2, 2, 'b'), (null, null, 'c');
select results_eq($$select l.outcome, l.inserted, l.error from backlog.load_pipeline('seq') as l$$, $$values ('loaded', 3::bigint, null::text)$$, 'identity values may be given or left out');
select lives_ok($$insert into public.numbered (t) values ('mine')$$, 'and later ones do not collide with them');
select is((select max(n.id) from public.numbered as n), 4::bigint, 'but follow');
select is((select max(n.n) from public.numbered as n), 4, 'as do serial ones');

select * from finish();
rollback;
