begin;
select plan(2);
set local test.now = '2030-01-01 12:00:00+00';

create table public.t (id int primary key, n text not null);
select backlog.create_pipeline('p');
select backlog.create_pipeline('q');
select backlog.add_pipeline_table('p', 'public.t');
create temp table it (page int, id bigint, token bigint);
insert into it (page, id) select g, (select e.id from backlog.enqueue_fetch('p', p_priority => 10 - g) as e) from generate_series(1, 5) as g;
update it set token = a.lock_token from backlog.acquire_retry_items('w', 4) as a where a.id = it.id;
select backlog.stage_rows('p', 't', jsonb_build_array(jsonb_build_object('id', page, 'n', case when page <> 2 then 'x' end)), id, token),
  backlog.stage_retry_item('p', id, 'w', token) from it where page <= 2;
set local test.now = '2030-01-01 12:00:10+00';
select backlog.load_pipeline('p');
select backlog.stage_rows('p', 't', '[{"id": 7, "n": "x"}]', id, token), backlog.stage_retry_item('p', id, 'w', token) from it where page = 3;
select results_eq(
  $$select t.* from jsonb_to_recordset(backlog_internal.load_status()) as t (
    pipeline text, pending int, staged int, staged_rows int, failed int, processed_today int, success_percent numeric,
    seconds_to_load numeric, loads_today int, rows_written_today int, quarantined_rows int, last_outcome text)$$,
  $$values ('p', 1, 1, 1, 1, 1, 50.0, 10.000, 1, 1, 1, 'loaded'), ('q', 0, 0, 0, 0, 0, null, null, 0, 0, 0, null)$$,
  'the report has what the poller''s owner wants to know'
);
set local test.now = '2030-01-02 12:00:10+00';
select results_eq(
  $$select t.* from jsonb_to_recordset(backlog_internal.load_status()) as t (pipeline text, processed_today int, loads_today int, failed int)$$,
  $$values ('p', 0, 0, 1), ('q', 0, 0, 0)$$, 'today is today'
);

select * from finish();
rollback;
