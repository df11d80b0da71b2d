begin;
select plan(10);

select backlog.create_pipeline('p');
create table public.src (id int primary key, v int, changed timestamptz);
create table public.dst (like public.src including all);
create view public.seen as select * from public.src;
select backlog.register_backfill_view('public.seen', array['id']);
create function pg_temp.warns(p_table text, p_words text, p_more text = '') returns boolean language plpgsql as $$
declare v jsonb;
begin
  execute format('select backlog.preview_backfill(%L, %L, p_destination => %L%s)', 'p', p_table, '{"kind": "table", "table": "public.dst"}', p_more) into v;
  return exists (select from jsonb_array_elements_text(v -> 'warnings') as w where w like p_words);
end $$;

select ok(pg_temp.warns('public.seen', 'rows committed late are not looked for%'), 'a view does not show what was committed late');
select ok(not pg_temp.warns('public.src', 'rows committed late%'), 'a table does');
select ok(not pg_temp.warns('public.seen', 'rows committed late%', $$, p_incremental => '{"column": "changed", "overlap": 60}'$$), 'an overlap reads them again');
select ok(pg_temp.warns('public.seen', 'rows committed late%', $$, p_incremental => '{"column": "changed"}'$$), 'a cursor without one passes them');
select ok(not pg_temp.warns('public.src', 'the destination has rows%', $$, p_consistency => 'converge'$$), 'into an empty table nothing can be lost');
insert into public.dst values (1, 1, now());
select ok(pg_temp.warns('public.src', 'the destination has rows%', $$, p_consistency => 'converge'$$), 'what converges may delete');
select ok(not pg_temp.warns('public.src', 'the destination has rows%'), 'nothing else does');
create table public.raw (id int primary key, v text);
insert into public.raw values (1, '1'), (2, 'n/a');
select ok(pg_temp.warns('public.raw', 'some rows cannot be read as wanted, and are refused: %"n/a"%', $$, p_mapping => '{"v": {"cast": "int"}}'$$), 'a cast fails');
select ok(not pg_temp.warns('public.raw', 'some rows cannot%', $$, p_mapping => '{"v": {"cast": "int"}}', p_predicate => 'v <> ''n/a'''$$), 'not for rows that are not copied');
select throws_ok($$select pg_temp.warns('public.raw', 'some rows%', $x$, p_mapping => '{"v": {"cast": "int"}}', p_predicate => '1 / (id - 1) >= 0'$x$)$$, '22012', null, 'a condition that fails is an error');

select * from finish();
rollback;
