begin;
select plan(9);

create table public.t (id int primary key, n text);
select backlog.create_export('things', 'select t.id, t.n from public.t as t order by t.id');
select is(backlog.refresh_export('things'), md5('[]'), 'no rows are an empty array');
insert into public.t values (1, 'a'), (2, null);
select is(backlog.refresh_export('things'), md5('[{"n": "a", "id": 1}, {"n": null, "id": 2}]'), 'the ETag is a checksum of the document');
select results_eq('select e.document, e.row_count, e.due, e.error from backlog.exports as e', $$values ('[{"n": "a", "id": 1}, {"n": null, "id": 2}]'::jsonb, 2::bigint, false, null::text)$$, 'which is kept');
create temp table before as select e.etag, e.changed_at from backlog.exports as e;
select is(backlog.refresh_export('things'), (select b.etag from before as b), 'the same rows have the same ETag');
select is((select e.changed_at from backlog.exports as e), (select b.changed_at from before as b), 'and are no change');
alter table public.t rename to u;
select is(backlog.refresh_export('things'), null, 'a query that no longer works');
select matches((select e.error from backlog.exports as e), 'relation "public.t" does not exist \(42P01\)', 'shows its error');
select is((select e.row_count from backlog.exports as e), 2::bigint, 'and keeps the last good document');
select throws_ok($$select backlog.refresh_export('nope')$$, 'PB005', 'there is no export ''nope''', 'an unknown export');

select * from finish();
rollback;
