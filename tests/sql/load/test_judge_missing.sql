begin;
select plan(15);

create table public.kind (code text primary key, base text references public.kind);
create table public.thing (id int primary key, kind text references public.kind);
create table public.bill (id int primary key, thing_id int references public.thing, kind text references public.kind);
select backlog.create_pipeline('full');
select backlog.add_pipeline_table('full', 'public.kind', 'replace');
select backlog.add_pipeline_table('full', 'public.thing', 'replace');
insert into public.kind values ('a', null), ('b', 'a'), ('c', 'b'), ('d', null), ('e', 'd'), ('f', null);
insert into public.thing values (1, 'c'), (2, 'f'), (3, 'f');
insert into public.bill values (100, 1, null), (101, null, 'e');

-- The default: as for any row without its parent, the load is refused.
insert into public.delta_kind values ('f', null);
insert into public.delta_thing values (2, 'f');
select results_eq(
  $$select l.outcome, l.error_code, l.error from backlog.load_pipeline('full') as l$$,
  $$values ('refused', 'PB104', 'foreign key violation in thing')$$, 'a missing row that others refer to makes the load refuse'
);
select results_eq(
  $$select l.problems -> 0 ->> 'rule', l.problems -> 0 ->> 'value', l.problems -> 0 ->> 'constraint', l.problems -> 0 ->> 'message' from backlog.loads as l$$,
  $$values ('delete', '1', 'bill_thing_id_fkey', 'the full set lacks it, but rows of public.bill refer to it')$$, 'and the ledger names it'
);
select is((select count(*) from public.thing), 3::bigint, 'nothing is deleted');
select is(backlog.preview_load('full') ->> 'outcome', 'refused', 'a preview tells it too');

-- Other policies keep the row, and all that it refers to.
select backlog.set_pipeline_table('full', t.name, '{"on_foreign_key": "quarantine_row"}') from unnest(array['kind', 'thing']) as t (name);
select results_eq(
  $$select l.outcome, l.deleted, l.rejected, l.unchanged, l.error from backlog.load_pipeline('full') as l$$,
  $$values ('loaded', 1::bigint, 0::bigint, 2::bigint, null::text)$$, 'otherwise only what nobody refers to is deleted'
);
select results_eq('select t.id from public.thing as t order by 1', 'values (1), (2)', 'a row is kept for those that refer to it');
select results_eq('select k.code from public.kind as k order by 1', $$values ('a'), ('b'), ('c'), ('d'), ('e'), ('f')$$, 'and what it refers to for the row, up to the last');
select results_eq(
  $$select t.table_name, t.note from backlog.load_tables as t where t.load_id = (select max(l.load_id) from backlog.loads as l) order by 1$$,
  $$values ('kind', '5 missing rows were kept: the full set lacks it, but rows of public.bill refer to it'), ('thing', '1 missing rows were kept: the full set lacks it, but rows of public.bill refer to it')$$,
  'the ledger tells how many'
);
select is((select count(*) from backlog.loads as l, jsonb_array_elements(l.problems) as p where p ->> 'action' = 'keep'), 4::bigint, 'and why, by constraint');
select is_empty('select * from backlog.quarantine', 'quarantine is for rows that came');

-- Once nobody refers to them any more they go, chains and rings as well.
delete from public.bill;
update public.kind set base = 'e' where code = 'd';
insert into public.delta_kind values ('f', null);
insert into public.delta_thing values (2, 'f');
select results_eq(
  $$select l.outcome, l.deleted, l.error from backlog.load_pipeline('full') as l$$,
  $$values ('loaded', 6::bigint, null::text)$$, 'they go with the first set after nobody refers to them'
);
select results_eq('select k.code from public.kind as k order by 1', $$values ('f')$$, 'rings and chains at once');
select is((select t.note from backlog.load_tables as t where t.table_name = 'kind' order by t.load_id desc limit 1), null, 'without a note');

-- A page that is condemned is not proof that its rows are gone.
create temp table it (page int, id bigint, token bigint);
insert into public.kind values ('g', null), ('h', null);
select backlog.add_pipeline_check('full', 'kind', 'lower', 'code = lower(code)');
insert into it (page, id) select g, (select e.id from backlog.enqueue_fetch('full', jsonb_build_object('p', g), 'gen 1') as e) from generate_series(1, 2) as g;
update it set token = a.lock_token from backlog.acquire_retry_items('w', 2) as a where a.id = it.id;
select backlog.stage_rows('full', 'kind', case page when 1 then '[{"code": "f"}]' else '[{"code": "g"}, {"code": "X"}]' end::jsonb, id, token), backlog.stage_retry_item('full', id, 'w', token) from it;
select results_eq(
  $$select l.outcome, l.items_failed, l.deleted from backlog.load_pipeline('full') as l$$, $$values ('loaded', 1::bigint, 0::bigint)$$,
  'a set with a condemned page deletes nothing'
);
select is(
  (select t.note from backlog.load_tables as t where t.table_name = 'kind' order by t.load_id desc limit 1), 'missing rows were not deleted: a page is a dead letter', 'and says why'
);

select * from finish();
rollback;
