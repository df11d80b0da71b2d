create or replace function backlog_internal.note_staged(
  p_pipeline_id bigint,
  p_item_id bigint,
  p_lock_token bigint,
  p_rows bigint,
  p_malformed bigint
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_epoch bigint := backlog_internal.current_epoch();
  v_old   bigint;
begin
  insert into backlog_internal.staged_item as s (
    item_id, pipeline_id, lock_token, row_count, malformed_count, epoch, generation, staged_at
  )
  select
    p_item_id, p_pipeline_id, p_lock_token, p_rows, p_malformed, v_epoch, i.correlation_id,
    backlog_internal.clock()
  from backlog_internal.retry_item as i
  where i.id = p_item_id
  on conflict (item_id) do update
  set
    pipeline_id = excluded.pipeline_id,
    -- Another lease starts the page again.
    row_count = excluded.row_count + case s.lock_token when excluded.lock_token then s.row_count else 0 end,
    malformed_count = excluded.malformed_count
      + case s.lock_token when excluded.lock_token then s.malformed_count else 0 end,
    epoch = case s.lock_token when excluded.lock_token then s.epoch else excluded.epoch end,
    lock_token = excluded.lock_token,
    generation = excluded.generation,
    staged_at = excluded.staged_at
  where s.lock_token <= excluded.lock_token
    and s.held_token is null
  returning s.epoch into v_old;

  if v_old is distinct from v_epoch then
    raise exception using
      errcode = 'PB001',
      message = format('the staged rows of retry item %s are gone or belong to another lease', p_item_id),
      hint = 'The server crashed meanwhile, or somebody else has the item: let it be fetched again.';
  end if;
end;
$$;

comment on function backlog_internal.note_staged(bigint, bigint, bigint, bigint, bigint) is
  $$Keep the account of a page that is being staged.

Raises PB001 when rows staged before under the same lease were lost in a crash, or when a later lease
has staged already.$$;
