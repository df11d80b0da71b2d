create or replace function backlog_internal.check_backfill_options(
  p_backfill backlog_internal.backfill,
  p_options jsonb
)
  returns void
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_problem text := case
    when jsonb_typeof(p_backfill.destination) is distinct from 'object' then 'the destination must be an object'
    when coalesce(p_backfill.kind, '') !~ '^[a-z][a-z0-9_]{0,49}$' then
      'the destination needs a kind, of small letters, digits and _'
    when p_backfill.kind = 'sql' then 'the kind sql is not a writer''s; say table'
    when p_backfill.kind = 'table' and p_backfill.destination ->> 'table' is null then
      'the destination names no table'
    when jsonb_typeof(coalesce(p_backfill.destination -> 'key', '[]')) <> 'array' then
      'the key of the destination must be an array'
    when p_backfill.destination::text ~*
      '"([a-z_]*_)?(password|passwd|pwd|passphrase|secret|token|api_?key|private_?key|dsn|url)"\s*:|://[^"/]*@' then
      'the destination holds a secret or an address'
    when p_backfill.consistency is null or p_backfill.consistency not in ('chunk', 'snapshot', 'converge') then
      'consistency must be chunk, snapshot or converge'
    when p_backfill.on_error is null or p_backfill.on_error not in ('bisect', 'fail') then
      'on_error must be bisect or fail'
    when p_backfill.batch_size is null or p_backfill.batch_size not between 1 and 10000000 then
      'batch_size must be between 1 and 10000000'
    when p_backfill.scan_size not between p_backfill.batch_size and 100000000 then
      'scan_size must be between batch_size and 100000000'
    when p_backfill.workers is null or p_backfill.workers not between 1 and 64 then
      'workers must be between 1 and 64'
    when p_backfill.priority is null or p_backfill.priority not between 1 and 10 then
      'priority must be between 1 and 10'
    when p_backfill.consistency = 'converge' and p_backfill.kind <> 'table' then
      'converge needs a destination of kind table'
    when p_backfill.consistency = 'converge' and exists (
      select from pg_class as c where c.oid = p_backfill.source_table and c.relkind not in ('r', 'p')
    ) then 'converge needs a table that can have triggers'
    when p_backfill.consistency = 'converge' and jsonb_typeof(p_options -> 'incremental') = 'object' then
      'a run that converges is complete by itself and cannot be incremental'
    when jsonb_typeof(p_options -> 'incremental') not in ('null', 'object') then
      'incremental must be an object with a column'
  end;
begin
  if v_problem is not null then
    perform backlog_internal.raise_invalid_backfill(
      v_problem,
      'See the comment of backlog.create_backfill. Connections are named; their secrets stay with the client.'
    );
  end if;
end;
$$;

comment on function backlog_internal.check_backfill_options(backlog_internal.backfill, jsonb) is
  $$Insist that the options of a backfill make sense together.

Raises PB302 when they do not.$$;
