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
      -- At most 10 ^ 290 times a delay, which is still a double and beyond every cap.
      else p_delay * power(
        p_multiplier::double precision,
        least(
          greatest(p_retry_count - 1, 0),
          290 / greatest(log(p_multiplier::double precision), 1e-15)
        )
      )
    end
  ) * (1 + p_jitter::double precision * (2 * random() - 1));

comment on function backlog_internal.backoff_seconds(int, int, numeric, text, int, numeric) is
  $$Return the pause in seconds after p_retry_count failed attempts, capped and spread by jitter.$$;
