begin;
select plan(40);
set local test.now = '2030-01-01 12:00:00+00';

-- Without dedupe keys: one statement
create temp table plain as
select * from backlog.enqueue_retry_items($$[
  {"event_type": "mail", "event_data": {"n": 1}},
  {"event_type": "mail", "event_data": [2], "channel_name": "eu", "plugin_name": "shop",
   "event_metadata": {"m": 1}, "max_retries": 7, "retry_delay_seconds": 30,
   "backoff_multiplier": 1.5, "priority": 9, "correlation_id": "c", "tags": ["a", "b"],
   "run_at": "2030-01-01 13:00:00+00", "expires_at": "2030-01-02 00:00:00+00"},
  {"event_type": "post", "tags": null}
]$$);
select results_eq(
  'select p.item_position, p.outcome from plain as p order by 1',
  $$values (1, 'inserted'), (2, 'inserted'), (3, 'inserted')$$,
  'one row per object, with its position'
);
select is((select count(distinct p.event_id) from plain as p), 3::bigint, 'event ids differ');
select results_eq(
  $$select p.item_position, i.event_type, i.event_data, i.channel_name, i.plugin_name, i.event_metadata,
      i.max_retries, i.priority, i.correlation_id, i.tags, i.run_at, i.expires_at, i.status
    from plain as p join backlog.retry_items as i on i.id = p.id and i.event_id = p.event_id order by 1$$,
  $$values
    (1, 'mail', '{"n": 1}'::jsonb, '', '', null::jsonb, 3, 5, null::text, null::text[],
     '2030-01-01 12:00:00+00'::timestamptz, null::timestamptz, 'pending'),
    (2, 'mail', '[2]', 'eu', 'shop', '{"m": 1}', 7, 9, 'c', '{a,b}', '2030-01-01 13:00:00+00',
     '2030-01-02 00:00:00+00', 'pending'),
    (3, 'post', '{}', '', '', null, 3, 5, null, null, '2030-01-01 12:00:00+00', null, 'pending')$$,
  'every key is kept, and defaults fill in'
);
select is_empty($$select * from backlog.enqueue_retry_items('[]')$$, 'an empty array enqueues nothing');

-- Duplicates: raise
create temp table first as
select * from backlog.enqueue_retry_items('[{"event_type": "mail", "event_data": {"v": 1}, "dedupe_key": "k"}]');
select results_eq('select f.outcome from first as f', $$values ('inserted')$$, 'the first with a key is inserted');
create temp table before as select count(*) as items from backlog_internal.retry_item;
select throws_like(
  $$select * from backlog.enqueue_retry_items(
    '[{"event_type": "other"}, {"event_type": "mail", "dedupe_key": "k"}]')$$,
  'PB004', 'item 2: retry item % of mail already has the dedupe key k', 'a duplicate is refused by default'
);
select throws_like(
  $$select * from backlog.enqueue_retry_items(
    '[{"event_type": "mail", "dedupe_key": "n"}, {"event_type": "mail", "dedupe_key": "n"}]')$$,
  'PB004', 'item 2: %', 'also one within the batch'
);
select is((select count(*) from backlog_internal.retry_item), (select b.items from before as b),
  'and nothing of the call is enqueued');

-- Duplicates: skip
create temp table skipped as
select * from backlog.enqueue_retry_items($$[
  {"event_type": "mail", "event_data": {"v": 2}, "dedupe_key": "k"},
  {"event_type": "mail", "event_data": {"v": 3}, "dedupe_key": "l"},
  {"event_type": "mail", "event_data": {"v": 4}, "dedupe_key": "l"},
  {"event_type": "mail", "event_data": {"v": 5}, "dedupe_key": null},
  {"event_type": "mail", "event_data": {"v": 6}}
]$$, 'skip');
select results_eq(
  'select s.item_position, s.outcome from skipped as s order by 1',
  $$values (1, 'skipped'), (2, 'inserted'), (3, 'skipped'), (4, 'inserted'), (5, 'inserted')$$,
  'skip keeps what is there, within the batch too; items without a key are never duplicates'
);
select is((select s.id from skipped as s where s.item_position = 1), (select f.id from first as f),
  'a skipped row names the item that is there');
select is(
  (select s.id from skipped as s where s.item_position = 3),
  (select s.id from skipped as s where s.item_position = 2), 'the first of a batch wins'
);

-- Duplicates: replace
create temp table replaced as
select * from backlog.enqueue_retry_items($$[
  {"event_type": "mail", "event_data": {"v": 7}, "dedupe_key": "k"},
  {"event_type": "mail", "event_data": {"v": 8}, "dedupe_key": "m"},
  {"event_type": "mail", "event_data": {"v": 9}, "dedupe_key": "m"}
]$$, 'replace');
select results_eq(
  'select r.item_position, r.outcome from replaced as r order by 1',
  $$values (1, 'replaced'), (2, 'inserted'), (3, 'replaced')$$,
  'replace puts the new item in the place of the old, within the batch too'
);
select results_eq(
  $$select i.event_data from backlog.retry_items as i where i.dedupe_key in ('k', 'm') order by i.id$$,
  $$values ('{"v": 7}'::jsonb), ('{"v": 9}')$$, 'the new payload is there, the old is not'
);
select results_eq(
  $$select h.id, h.outcome, h.error from backlog.retry_history as h order by h.id$$,
  $$select x.id, 'cancelled', 'replaced by a newer item with the same dedupe key'
    from (select f.id from first as f union all
      select r.id from replaced as r where r.item_position = 2) as x order by x.id$$,
  'the history tells what became of the old ones'
);

-- Replace of an item that is being worked on
set local test.now = '2030-01-01 12:00:01+00';
select backlog.cancel_retry_item(i.id) from backlog.retry_items as i where i.dedupe_key is distinct from 'k';
create temp table taken as select * from backlog.acquire_retry_items('w', 10, 300, '{mail}');
select is((select count(*) from taken as t), 1::bigint, 'a worker takes it');
create temp table successor as
select * from backlog.enqueue_retry_items(
  '[{"event_type": "mail", "event_data": {"v": 10}, "dedupe_key": "k"}]', 'replace');
select results_eq('select s.outcome from successor as s', $$values ('replaced')$$, 'its key passes on');
select results_eq(
  $$select i.id, i.status, i.dedupe_key from backlog.retry_items as i order by i.id$$,
  $$select t.id, 'processing', null from taken as t
    union all select s.id, 'pending', 'k' from successor as s order by 1$$,
  'both live: the old one without its key'
);
select lives_ok(
  $$select backlog.complete_retry_item(t.id, 'w', t.lock_token) from taken as t$$,
  'and its worker may finish it'
);

-- Refusals
create temp table later as select count(*) as items from backlog_internal.retry_item;
select throws_ok($$select * from backlog.enqueue_retry_items(null)$$, 'PB003',
  'items must be a jsonb array of objects', 'no array');
select throws_ok($$select * from backlog.enqueue_retry_items('{}')$$, 'PB003', null, 'an object instead of an array');
select throws_ok($$select * from backlog.enqueue_retry_items('[]', 'ignore')$$, 'PB003',
  'on_duplicate must be raise, skip or replace', 'an unknown way with duplicates');
select throws_ok($$select * from backlog.enqueue_retry_items('[]', null)$$, 'PB003', null, 'a null way');
select throws_ok($$select * from backlog.enqueue_retry_items('[{"event_type": "a"}, 5]')$$, 'PB003',
  'item 2: is not a jsonb object', 'an element that is no object');
select throws_ok($$select * from backlog.enqueue_retry_items('[[1]]')$$, 'PB003', null, 'an array in the array');
select throws_ok($$select * from backlog.enqueue_retry_items('[null]')$$, 'PB003', null, 'a null in the array');
select throws_ok($$select * from backlog.enqueue_retry_items('[{"event_type": "a", "prio": 1}]')$$, 'PB003',
  'item 1: has an unknown key', 'an unknown key');
select throws_ok($$select * from backlog.enqueue_retry_items('[{}]')$$, 'PB003', null, 'no event type');
select throws_ok($$select * from backlog.enqueue_retry_items('[{"event_type": "*"}]')$$, 'PB003', null, 'the event type *');
select throws_ok($$select * from backlog.enqueue_retry_items('[{"event_type": "a", "priority": 11}]')$$, 'PB003',
  'item 1: priority must be between 1 and 10, not 11', 'a priority out of range');
select throws_ok($$select * from backlog.enqueue_retry_items('[{"event_type": "a", "priority": "high"}]')$$, 'PB003', null, 'a priority that is no number');
select throws_ok($$select * from backlog.enqueue_retry_items('[{"event_type": "a", "priority": 99999999999}]')$$, 'PB003', null, 'a number that is too large');
select throws_ok($$select * from backlog.enqueue_retry_items('[{"event_type": "a", "run_at": "soon"}]')$$, 'PB003', null, 'a time that is none');
select throws_ok($$select * from backlog.enqueue_retry_items('[{"event_type": "a", "tags": "x"}]')$$, 'PB003',
  'item 1: tags must be an array', 'tags that are no array');
select throws_ok($$select * from backlog.enqueue_retry_items('[{"event_type": "a", "max_retries": -1}]')$$, 'PB003', null, 'negative retries');
select throws_ok($$select * from backlog.enqueue_retry_items('[{"event_type": "a", "dedupe_key": "k"}, {"event_type": "a", "dedupe_key": "l", "priority": 0}]')$$, 'PB003', null, 'a bad item among those with a key');
select is((select count(*) from backlog_internal.retry_item), (select l.items from later as l), 'nothing was written');
select is_empty($$select from backlog_internal.retry_lane as l where l.event_type = 'a'$$, 'not even a lane');

-- A batch over several lanes and priorities is complete
select is(
  (select count(*) from backlog.enqueue_retry_items((
    select jsonb_agg(jsonb_build_object('event_type', 'bulk' || n % 3, 'channel_name', 'c' || n % 7, 'priority', 1 + n % 10))
    from generate_series(1, 500) as n))),
  500::bigint, 'many lanes in one call'
);
set local test.now = '2030-01-01 12:00:02+00';
select is(
  (select count(*) from backlog.acquire_retry_items('w', 1000, 300, '{bulk0,bulk1,bulk2}')),
  500::bigint, 'and each can be claimed'
);

create temp table ordered as select * from backlog.enqueue_retry_items((select jsonb_agg(jsonb_build_object(
  'event_type', 'ordered', 'channel_name', 'c' || n % 3, 'event_data', n)) from generate_series(1, 30) as n));
select results_eq(
  'select o.item_position from ordered as o order by o.id', 'select generate_series(1, 30)', 'items are due in the order of the call'
);

select * from finish();
rollback;
