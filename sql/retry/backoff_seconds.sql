create or replace function backlog_internal.backoff_seconds(
  p_retry_count int,
  p_delay int,
  p_multiplier numeric,
  p_kind text,
  p_cap int,
  p_jitter numeric
)
  returns double precision
  language sql
  volatile
return
  least(
    p_cap::double precision,
    case p_kind
      when 'none' then 0
      when 'fixed' then p_delay
      when 'linear' then
        p_delay * (1 + greatest(p_retry_count - 1, 0) * (p_multiplier::double precision - 1))
      -- 1000 ^ 100 is still a double; no cap is reached later than that.
      else p_delay * power(
        p_multiplier::double precision, least(greatest(p_retry_count - 1, 0), 100)
      )
    end
  ) * (1 + p_jitter::double precision * (2 * random() - 1));

comment on function backlog_internal.backoff_seconds(int, int, numeric, text, int, numeric) is
  $$Return the pause in seconds after p_retry_count failed attempts, capped and spread by jitter.$$;
