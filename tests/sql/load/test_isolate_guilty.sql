begin;
select plan(32);

create table public.room (id int primary key, name text);
create table public.booking (
  id int primary key, room_id int references public.room, during int4range, divisor int, guest text, state text,
  share int generated always as (100 / divisor) stored,
  exclude using gist (int4range(room_id, room_id, '[]') with &&, during with &&)
);
create unique index booking_one_open on public.booking (guest) where state = 'open';
create table public.payment (id int primary key, booking_id int references public.booking);
select backlog.create_pipeline('inn');
select backlog.add_pipeline_table('inn', 'public.room', p_on_malformed => 'quarantine_row');
select backlog.add_pipeline_table('inn', 'public.booking', p_on_malformed => 'quarantine_row');
select backlog.add_pipeline_table('inn', 'public.payment', p_on_foreign_key => 'quarantine_row');
insert into public.room select g, 'room ' || g from generate_series(1, 10) as g;
insert into public.booking (id, room_id, during, divisor) values (1, 1, '[1,5)', 1), (2, 2, '[1,5)', 1);

-- Rows that exclude stable ones, or each other; among copied and staged rows; on insert and update.
create temp table it as select e.id, a.lock_token from backlog.enqueue_fetch('inn') as e, lateral (select * from backlog.acquire_retry_items('w')) as a;
insert into public.delta_booking (id, room_id, during, divisor)
select 100 + g, 3, int4range(g, g + 1), 1 from generate_series(1, 1000) as g;
insert into public.delta_booking (id, room_id, during, divisor, guest, state) values
  (10, 1, '[4,6)', 1, 'old booking in the way', null), (11, 4, '[1,5)', 1, 'older', null), (12, 4, '[2,6)', 1, 'newer', null),
  (13, 4, '[6,7)', 0, 'by nothing', null), (2, 1, '[1,2)', 1, 'moved', null), (14, 5, '[1,2)', 1, 'twice', 'open');
insert into public.delta_payment values (1, 10), (2, 12), (3, 101);
select backlog.stage_rows('inn', 'booking', '[{"id": 20, "room_id": 4, "during": "[7,9)", "divisor": 1}, {"id": 21, "room_id": 5, "during": "[4,5)", "divisor": 1, "guest": "twice", "state": "open"}]', id, lock_token),
  backlog.stage_retry_item('inn', id, 'w', lock_token) from it;
select is(backlog.preview_load('inn') ->> 'outcome', 'loaded', 'a preview finds the guilty rows as well');
select results_eq(
  $$select l.outcome, l.received, l.inserted, l.updated, l.rejected, l.items_completed, l.error from backlog.load_pipeline('inn') as l$$,
  $$values ('loaded', 1011::bigint, 1005::bigint, 0::bigint, 6::bigint, 1::bigint, null::text)$$, 'rows that the database refuses are taken out, the others load'
);
select results_eq(
  $$select q.table_name, (q.row_data ->> 'id')::int, q.rule, q.sql_state, q.constraint_name, q.value from backlog.quarantine as q order by 1, 2$$,
  $$values ('booking', 2, 'write', '23P01', 'booking_int4range_during_excl', '2'), ('booking', 10, 'write', '23P01', 'booking_int4range_during_excl', '10'),
    ('booking', 11, 'write', '23P01', 'booking_int4range_during_excl', '11'), ('booking', 13, 'write', '22012', null, '13'),
    ('booking', 14, 'write', '23505', 'booking_one_open', '14'), ('payment', 1, 'foreign_key', '23503', 'payment_booking_id_fkey', '10')$$,
  'they are in quarantine with what the database said, of two that exclude each other the older; and so are their children'
);
select matches((select q.message from backlog.quarantine as q where q.value = '13' and q.rule = 'write'), 'division by zero', 'in its own words');
select is((select b.during from public.booking as b where b.id = 2), '[1,5)', 'a row whose new values are refused keeps the old ones');
select is((select count(*) from backlog_internal.incident as i where i.quarantine_row_id is not null), 6::bigint, 'each is an incident');
select is_empty('select * from public.delta_booking', 'nothing waits any more');
select is((select sum(l.received - l.inserted - l.updated - l.unchanged - l.deleted - l.rejected - l.parked - l.duplicates - l.outdated) from backlog.loads as l), 0::numeric, 'the counts add up');

-- Mended and replayed.
select backlog.edit_quarantine(q.quarantine_id, q.row_data || '{"during": "[5,6)"}') from backlog.quarantine as q where q.value = '10' and q.rule = 'write';
select results_eq($$select l.outcome, l.inserted from backlog.load_pipeline('inn') as l$$, $$values ('loaded', 1::bigint)$$, 'a row that was mended loads');
select backlog.replay_quarantine('{"value": "11"}');
select results_eq($$select l.outcome, l.rejected from backlog.load_pipeline('inn') as l$$, $$values ('loaded', 1::bigint)$$, 'one that was not is refused again');
select results_eq(
  $$select q.state, q.replays from backlog.quarantine as q where q.value = '11'$$, $$values ('waiting', 1)$$, 'and waits on'
);
insert into public.delta_booking (id, room_id, during, divisor) values (13, 4, '[6,7)', 0);
select backlog.load_pipeline('inn');
select is((select q.seen_count from backlog.quarantine as q where q.value = '13'), 2, 'sent again it is the same row');

-- A trigger that raises; how many attempts it takes.
create function public.grumble() returns trigger language plpgsql as $$
begin
  if new.guest like 'bad%' then
    raise exception 'no % here', new.guest;
  end if;
  return new;
end$$;
create trigger grumble before insert or update on public.booking for each row execute function public.grumble();
create function public.fill(p_bad int[]) returns void language sql as $$
  insert into public.delta_booking (id, room_id, during, divisor, guest)
  select 10000 + g, 6, int4range(g, g + 1), 1, case when g = any (p_bad) then 'bad ' || g end
  from generate_series(1, 4096) as g;
$$;
delete from backlog_internal.quarantine_row;
select public.fill('{17, 1800, 4000}');
select backlog.set_setting('load_bisect_attempts', '20');
select results_eq(
  $$select l.outcome, l.error_code, l.error ~ '^no bad [0-9]+ here' from backlog.load_pipeline('inn') as l$$, $$values ('failed', 'P0001', true)$$, 'with too few attempts the load fails'
);
select is((select count(*) from public.delta_booking), 4096::bigint, 'and everything waits');
select is_empty('select * from backlog.quarantine', 'nothing is in quarantine');
select backlog.set_setting('load_bisect_attempts', '60');
select results_eq(
  $$select l.outcome, l.inserted, l.rejected from backlog.load_pipeline('inn') as l$$, $$values ('loaded', 4093::bigint, 3::bigint)$$, 'three of 4096 rows take less than 60 attempts'
);
select results_eq(
  $$select q.sql_state, q.message from backlog.quarantine as q order by q.value::int$$, $$values ('P0001', 'no bad 17 here'), ('P0001', 'no bad 1800 here'), ('P0001', 'no bad 4000 here')$$, 'with the message of the trigger'
);
select backlog.set_setting('load_bisect_attempts', null);
select backlog.set_pipeline('inn', '{"max_rejects": 2}');
select public.fill('{18, 1801, 4001}');
select results_eq($$select l.outcome, l.error_code from backlog.load_pipeline('inn') as l$$, $$values ('refused', 'PB104')$$, 'limits count them');
delete from public.delta_booking;
select backlog.set_pipeline('inn', '{"max_rejects": null}');

-- A page with a guilty row, under the default policy: rows for other tables, merged before, stay out as well.
select backlog.set_pipeline_table('inn', 'booking', '{"on_malformed": "dead_letter_item"}');
delete from it;
insert into it select e.id, a.lock_token from backlog.enqueue_fetch('inn') as e, lateral (select * from backlog.acquire_retry_items('w')) as a;
select backlog.stage_rows('inn', 'room', '[{"id": 50, "name": "new"}]', id, lock_token), backlog.stage_rows('inn', 'booking', '[{"id": 50, "room_id": 50, "divisor": 1, "guest": "bad 50"}]', id, lock_token),
  backlog.stage_retry_item('inn', id, 'w', lock_token) from it;
insert into public.delta_booking (id, room_id, divisor, during) values (51, 7, 1, '[1,2)');
select results_eq(
  $$select l.outcome, l.items_failed, l.inserted, l.rejected from backlog.load_pipeline('inn') as l$$, $$values ('loaded', 1::bigint, 1::bigint, 2::bigint)$$, 'a page with such a row is condemned, the rest loads'
);
select is_empty('select * from public.room where id = 50', 'whole');
select is((select d.error from backlog.dead_letters as d), 'malformed page: booking: no bad 50 here (1 violations)', 'it is a dead letter that tells why');

-- Rows that refer to each other.
create table public.node (id int primary key, parent int references public.node, label text);
create unique index node_label on public.node (lower(label));
select backlog.create_pipeline('tree');
select backlog.add_pipeline_table('tree', 'public.node', p_on_malformed => 'quarantine_row', p_on_foreign_key => 'quarantine_row');
insert into public.node values (0, null, 'taken');
insert into public.delta_node select g, case when g < 64 then g + 1 end, case g when 20 then 'TAKEN' else 'n' || g end from generate_series(1, 64) as g;
select results_eq(
  $$select l.outcome, l.inserted, l.rejected from backlog.load_pipeline('tree') as l$$, $$values ('loaded', 44::bigint, 20::bigint)$$, 'rows that refer to each other are tried in any order'
);
select is((select count(*) from backlog.quarantine as q where q.pipeline = 'tree' and q.rule = 'write'), 1::bigint, 'only one is at fault by itself');
select is((select n.parent from public.node as n where n.id = 30), 31, 'the others are as they came');
create table public.ring (id int primary key, next int not null references public.ring, label text);
create unique index ring_label on public.ring (lower(label));
select backlog.create_pipeline('ring');
select backlog.add_pipeline_table('ring', 'public.ring', p_on_malformed => 'quarantine_row');
insert into public.delta_ring values (1, 2, 'a'), (2, 1, 'A');
select is((select l.error_code from backlog.load_pipeline('ring') as l), '23505', 'where they cannot be, the load fails');

-- Checks that are put off.
create table public.slot (id int primary key, during int4range, exclude using gist (during with &&) deferrable initially deferred);
select backlog.create_pipeline('late');
select backlog.add_pipeline_table('late', 'public.slot', p_on_malformed => 'quarantine_row');
insert into public.slot values (1, '[1,3)'), (2, '[3,5)');
insert into public.delta_slot values (1, '[3,5)'), (2, '[1,3)'), (3, '[7,9)');
select results_eq($$select l.updated, l.inserted, l.rejected from backlog.load_pipeline('late') as l$$, 'values (2::bigint, 1::bigint, 0::bigint)', 'rows that change places break no rule that waits for the end');
insert into public.delta_slot values (4, '[8,10)'), (5, '[20,21)');
select results_eq($$select l.outcome, l.inserted, l.rejected from backlog.load_pipeline('late') as l$$, $$values ('loaded', 1::bigint, 1::bigint)$$, 'one that breaks it is found');
select is((select q.sql_state from backlog.quarantine as q where q.pipeline = 'late'), '23P01', 'indeed');

-- Too long for an index, in a table without a key; everything is guilty.
create table public.note (t text);
create index on public.note (t);
select backlog.create_pipeline('notes');
select backlog.add_pipeline_table('notes', 'public.note', 'append');
insert into public.delta_note select string_agg(md5(g::text), '') from generate_series(1, 500) as g;
select results_eq($$select l.outcome, l.rejected from backlog.load_pipeline('notes') as l$$, $$values ('loaded', 1::bigint)$$, 'a single row');
insert into public.delta_note values ('a'), ((select string_agg(md5(g::text), '') from generate_series(1, 501) as g)), ('b');
select results_eq($$select l.inserted, l.rejected from backlog.load_pipeline('notes') as l$$, $$values (2::bigint, 1::bigint)$$, 'or one of several that an index cannot hold');
select is((select count(*) from backlog.quarantine as q where q.pipeline = 'notes' and q.sql_state = '54000'), 2::bigint, 'is told of');
select is_empty('select * from backlog_internal.load_verdict union all select * from backlog_internal.load_verdict', 'no working notes are left');

select * from finish();
rollback;
