begin;
select plan(28);
set local test.now = '2030-01-01 12:00:00+00';

select results_eq(
  $$select n, backlog.calculate_next_retry(n) - '2030-01-01 12:00:00+00' from generate_series(0, 5) as n$$,
  $$values (0, '1 minute'::interval), (1, '1 minute'), (2, '2 minutes'), (3, '4 minutes'), (4, '8 minutes'), (5, '16 minutes')$$,
  'the default is exponential: 60 seconds, then twice as long each time'
);
select results_eq(
  $$select n, backlog.calculate_next_retry(n, 10, 3, 'linear') - '2030-01-01 12:00:00+00' from generate_series(1, 4) as n$$,
  $$values (1, '10 seconds'::interval), (2, '30 seconds'), (3, '50 seconds'), (4, '70 seconds')$$,
  'linear grows by the same step'
);
select results_eq(
  $$select n, backlog.calculate_next_retry(n, 10, 3, 'fixed') - '2030-01-01 12:00:00+00' from generate_series(1, 3) as n$$,
  $$values (1, '10 seconds'::interval), (2, '10 seconds'), (3, '10 seconds')$$, 'fixed stays'
);
select is(backlog.calculate_next_retry(9, 10, 3, 'none'), '2030-01-01 12:00:00+00'::timestamptz, 'none is at once');
select is(backlog.calculate_next_retry(1, 0), '2030-01-01 12:00:00+00'::timestamptz, 'a delay of zero too');
select is(backlog.calculate_next_retry(3, p_from => '2000-01-01 00:00:00+00'), '2000-01-01 00:04:00+00'::timestamptz, 'from another time');

-- The cap
select is(backlog.calculate_next_retry(20), '2030-01-02 12:00:00+00'::timestamptz, 'a day is the default cap');
select is(backlog.calculate_next_retry(5, p_max_delay_seconds => 300), '2030-01-01 12:05:00+00'::timestamptz, 'an own cap');
select is(backlog.calculate_next_retry(2, p_max_delay_seconds => 120), '2030-01-01 12:02:00+00'::timestamptz, 'the cap itself is reached');

-- No overflow
select results_eq(
  $$select k, m, backlog.calculate_next_retry(1000, 2147483647, m, k) - '2030-01-01 12:00:00+00'
    from unnest('{fixed,linear,exponential}'::text[]) as k, unnest('{1,1.5,2,1000}'::numeric[]) as m$$,
  $$select k, m, '1 day'::interval
    from unnest('{fixed,linear,exponential}'::text[]) as k, unnest('{1,1.5,2,1000}'::numeric[]) as m$$,
  'a thousand attempts with the largest delay and multiplier reach the cap and no error'
);
select is(backlog.calculate_next_retry(2147483647, 2147483647, 1000), '2030-01-02 12:00:00+00'::timestamptz, 'any number of attempts');
select lives_ok($$select backlog.calculate_next_retry(1000, 60, 2, 'exponential', 2147483647, 1)$$, 'the largest cap');
select is(backlog.calculate_next_retry(1000, 60, 1.01), '2030-01-02 12:00:00+00'::timestamptz, 'a small multiplier reaches the cap in the end');
select is(backlog.calculate_next_retry(1000, 60, 1), '2030-01-01 12:01:00+00'::timestamptz, 'a multiplier of one does not');

-- Jitter
create temp table spread as
select extract(epoch from backlog.calculate_next_retry(1, 100, p_jitter => 0.2) - '2030-01-01 12:00:00+00') as seconds
from generate_series(1, 1000);
select ok((select min(s.seconds) >= 80 and max(s.seconds) <= 120 from spread as s), 'jitter stays within its share');
select ok((select min(s.seconds) < 85 and max(s.seconds) > 115 from spread as s), 'and uses all of it, in both directions');
select cmp_ok((select count(distinct s.seconds) from spread as s), '>', 900::bigint, 'and spreads');
select ok((select min(backlog.calculate_next_retry(1, 100, p_jitter => 1)) >= '2030-01-01 12:00:00+00' from generate_series(1, 100)), 'never into the past');

-- Refusals
select throws_ok('select backlog.calculate_next_retry(-1)', 'PB003', 'retry_count must be 0 or more', 'a negative count');
select throws_ok('select backlog.calculate_next_retry(null)', 'PB003', null, 'a null count');
select throws_ok('select backlog.calculate_next_retry(1, -1)', 'PB003', 'retry_delay_seconds must be 0 or more', 'a negative delay');
select throws_ok('select backlog.calculate_next_retry(1, 1, 0.9)', 'PB003', 'backoff_multiplier must be between 1 and 1000', 'a small multiplier');
select throws_ok('select backlog.calculate_next_retry(1, 1, 1001)', 'PB003', null, 'a large multiplier');
select throws_ok($$select backlog.calculate_next_retry(1, 1, 2, 'cubic')$$, 'PB003', 'backoff_kind must be none, fixed, linear or exponential', 'an unknown kind');
select throws_ok($$select backlog.calculate_next_retry(1, 1, 2, null)$$, 'PB003', null, 'a null kind');
select throws_ok($$select backlog.calculate_next_retry(1, 1, 2, 'fixed', 0)$$, 'PB003', 'max_delay_seconds must be positive', 'no cap');
select throws_ok($$select backlog.calculate_next_retry(1, p_jitter => 1.1)$$, 'PB003', 'jitter must be between 0 and 1', 'too much jitter');
select throws_ok($$select backlog.calculate_next_retry(1, p_jitter => null)$$, 'PB003', null, 'null jitter');

select * from finish();
rollback;
