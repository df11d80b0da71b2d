begin;
select plan(7);

create function pg_temp.tokens(p_tokens numeric, p_seconds int, p_rate numeric, p_burst int) returns numeric language plpgsql as $$
declare
  v_gate backlog_internal.retry_gate;
  v_policy backlog_internal.retry_policy;
begin
  v_gate.tokens := p_tokens;
  v_gate.refilled_at := case when p_tokens is not null then '2030-01-01 12:00:00+00'::timestamptz end;
  v_policy.rate_limit_per_second := p_rate;
  v_policy.rate_limit_burst := p_burst;
  return backlog_internal.bucket_tokens(v_gate, v_policy, '2030-01-01 12:00:00+00'::timestamptz + make_interval(secs => p_seconds));
end;
$$;
select is(pg_temp.tokens(null, 0, 2, 5), 5::numeric, 'a bucket never used is full');
select is(pg_temp.tokens(null, 0, 0.1, null), 1::numeric, 'without a burst it holds a second''s worth, one at least');
select is(pg_temp.tokens(null, 0, 2.5, null), 3::numeric, 'rounded up');
select is(pg_temp.tokens(1, 1, 2, 5), 3::numeric, 'it refills');
select is(pg_temp.tokens(1, 100, 2, 5), 5::numeric, 'up to its size');
select is(pg_temp.tokens(1, -100, 2, 5), 1::numeric, 'a clock that goes back takes nothing');
select is(pg_temp.tokens(-50, 1, 2, 5), 2::numeric, 'debts are forgotten');

select * from finish();
rollback;
