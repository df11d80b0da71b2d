create or replace function backlog_internal.claim_problem(
  p_worker_id text,
  p_batch_size int,
  p_lock_timeout int,
  p_event_types text[]
)
  returns text
  language sql
  immutable
return
  case
    when p_worker_id is null or p_worker_id = '' then 'worker_id must be a name'
    when p_batch_size is null or p_batch_size not between 1 and 10000 then
      'batch_size must be between 1 and 10000, not ' || coalesce(p_batch_size::text, 'null')
    when p_lock_timeout is null or p_lock_timeout not between 1 and 604800 then
      'lock_timeout must be between 1 and 604800 seconds, not ' || coalesce(p_lock_timeout::text, 'null')
    when cardinality(p_event_types) = 0 then 'event_types must not be empty'
    when array_position(p_event_types, null) is not null then 'event_types must not contain null'
  end;

comment on function backlog_internal.claim_problem(text, int, int, text[]) is
  $$Return what is wrong with the arguments of a claim, or null.$$;
