create or replace function backlog_internal.bucket_tokens(
  p_gate backlog_internal.retry_gate,
  p_policy backlog_internal.retry_policy,
  p_now timestamptz
)
  returns numeric
  language sql
  stable
return least(
  coalesce(p_policy.rate_limit_burst, ceil(p_policy.rate_limit_per_second)),
  coalesce(
    -- Below zero is what passed while there was no limit.
    case when p_gate.tokens < 0 then 0 else p_gate.tokens end
      + greatest(extract(epoch from p_now - p_gate.refilled_at), 0) * p_policy.rate_limit_per_second,
    coalesce(p_policy.rate_limit_burst, ceil(p_policy.rate_limit_per_second))
  )
);

comment on function backlog_internal.bucket_tokens(
  backlog_internal.retry_gate, backlog_internal.retry_policy, timestamptz
) is
  $$Return the tokens in a gate's bucket, refilled up to now. A bucket never used is full.$$;
