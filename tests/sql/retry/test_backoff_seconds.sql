begin;
select plan(11);

select is(backlog_internal.backoff_seconds(1, 60, 2, 'exponential', 86400, 0), 60::double precision, 'the first pause is the delay');
select is(backlog_internal.backoff_seconds(0, 60, 2, 'exponential', 86400, 0), 60::double precision, 'also before the first failure');
select is(backlog_internal.backoff_seconds(4, 60, 2, 'exponential', 86400, 0), 480::double precision, 'exponential');
select is(backlog_internal.backoff_seconds(4, 60, 2, 'linear', 86400, 0), 240::double precision, 'linear');
select is(backlog_internal.backoff_seconds(4, 60, 2, 'fixed', 86400, 0), 60::double precision, 'fixed');
select is(backlog_internal.backoff_seconds(4, 60, 2, 'none', 86400, 0), 0::double precision, 'none');
select is(backlog_internal.backoff_seconds(2147483647, 2147483647, 1000, 'exponential', 2147483647, 0), 2147483647::double precision, 'no overflow, exponential');
select is(backlog_internal.backoff_seconds(2147483647, 2147483647, 1.0001, 'exponential', 2147483647, 0), 2147483647::double precision, 'nor with a small multiplier');
select is(backlog_internal.backoff_seconds(2147483647, 2147483647, 1000, 'linear', 2147483647, 0), 2147483647::double precision, 'nor linear');
select is(backlog_internal.backoff_seconds(1000, 0, 1000, 'exponential', 60, 0), 0::double precision, 'nothing grows from nothing');
select ok(
  (select min(b) >= 50 and max(b) <= 150 and max(b) - min(b) > 50
    from (select backlog_internal.backoff_seconds(1, 100, 2, 'fixed', 1000, 0.5) as b from generate_series(1, 500)) as x),
  'jitter spreads to both sides'
);

select * from finish();
rollback;
