begin;
select plan(18);
set local timezone = 'UTC';
select backlog.create_pipeline('p');
create function pg_temp.follow(p_table text, p_column text, p_overlap int = 0, p_to text = '"table": "public.copy"') returns text language plpgsql as $$
declare v_id bigint;
begin
  v_id := backlog.create_backfill('p', p_table, p_destination => ('{"kind": "table", ' || p_to || '}')::jsonb,
    p_incremental => jsonb_build_object('column', p_column, 'overlap', p_overlap));
  while (backlog.run_backfill_step() ->> 'more')::boolean loop
  end loop;
  return (select b.state || ' ' || coalesce(b.cursor_from, 'nothing') || ' to ' || coalesce(b.cursor_to, 'nothing')
    from backlog.backfills as b where b.backfill_id = v_id);
end$$;

-- Times and numbers that never come
create table public.src (id int primary key, at timestamptz, n numeric, f float8);
create table public.copy (like public.src including all);
insert into public.src values (1, '2030-01-01', 1, 1), (2, 'infinity', 'NaN', 'Infinity'), (3, '-infinity', '-Infinity', '-Infinity');
select is(pg_temp.follow('public.src', 'at', 5), 'COMPLETED nothing to 2030-01-01 00:00:00+00', 'infinity is not the end');
insert into public.src values (4, '2030-01-02', 2, 2);
select is(pg_temp.follow('public.src', 'at', 5), 'COMPLETED 2029-12-31 23:59:55+00 to 2030-01-02 00:00:00+00', 'so that others are read after it');
select results_eq('select c.id from public.copy as c order by 1', 'values (1), (3), (4)', 'and nothing else is lost');
truncate public.copy;
select is(pg_temp.follow('public.src', 'n'), 'COMPLETED nothing to 2', 'nor is what is no number');
truncate public.copy;
select is(pg_temp.follow('public.src', 'f'), 'COMPLETED nothing to 2', 'nor an infinite one');
create table public.empty (id int primary key, at timestamptz);
create table public.copied (like public.empty including all);
insert into public.empty values (1, 'infinity'), (2, null);
select is(pg_temp.follow('public.empty', 'at', 0, '"table": "public.copied"'), 'COMPLETED nothing to nothing', 'with nothing else nothing is read');

-- Several rows with the value at which a run ended
create table public.ties (id int primary key, version int);
create table public.tied (like public.ties including all);
insert into public.ties values (1, 1), (2, 2);
select pg_temp.follow('public.ties', 'version', 0, '"table": "public.tied"');
insert into public.ties values (3, 2), (4, 3);
update public.ties set version = 2 where id = 1;
select is(pg_temp.follow('public.ties', 'version', 0, '"table": "public.tied"'), 'COMPLETED 2 to 3', 'it goes on there');
select bag_eq('table public.tied', 'table public.ties', 'and upserts the others of the same value');
select is((select b.rows_written from backlog.backfills as b order by b.backfill_id desc limit 1), 3::bigint, 'what is equal is not written again');
create table public.logged (id int, version int);
select pg_temp.follow('public.ties', 'version', 0, '"table": "public.logged"');
insert into public.ties values (5, 3), (6, 4);
select pg_temp.follow('public.ties', 'version', 0, '"table": "public.logged"');
select results_eq('select l.id from public.logged as l order by 1', 'values (1), (2), (3), (4), (6)', 'appended rows are not doubled');

-- Rows that a cursor never reaches are told of
alter table public.ties alter version set not null;
create function pg_temp.warns(p_table text, p_column text) returns boolean language sql as $$
  select exists (
    select from jsonb_array_elements_text(backlog.preview_backfill('p', p_table,
      p_destination => '{"kind": "archive"}', p_incremental => jsonb_build_object('column', p_column)) -> 'warnings') as w (text)
    where w.text like 'rows in which ' || p_column || ' is null%'
  )
$$;
select ok(pg_temp.warns('public.src', 'at'), 'rows without a value are never read, says the preview');
select ok(not pg_temp.warns('public.ties', 'version'), 'unless there can be none');

-- The run from which the next one goes on
create function pg_temp.last() returns bigint language sql as 'select max(b.backfill_id) from backlog.backfills as b';
create function pg_temp.forget(p_id bigint, p_more text = '') returns text language sql as $$select format('select backlog.delete_backfill(%s%s)', p_id, p_more)$$;
select throws_ok(pg_temp.forget(pg_temp.last()), 'PB303', format('backfill %s knows how far its series has come', pg_temp.last()), 'is not deleted unawares');
select lives_ok(pg_temp.forget((select max(b.backfill_id) from backlog.backfills as b where b.backfill_id < pg_temp.last())), 'an earlier one is');
select is(pg_temp.follow('public.ties', 'version', 0, '"table": "public.logged"'), 'COMPLETED 4 to 4', 'which changes nothing');
select lives_ok(pg_temp.forget(pg_temp.last(), ', p_force => true'), 'it is if that is wanted');
select lives_ok(pg_temp.forget(pg_temp.last(), ', p_force => true'), 'and so is the one before');
drop table public.empty;
select lives_ok((select pg_temp.forget(b.backfill_id) from backlog.backfills as b where b.destination ->> 'table' = 'public.copied'), 'without its table there is no next run');

select * from finish();
rollback;
