create or replace function backlog.delete_backfill(p_backfill_id bigint, p_force boolean = false)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_backfill backlog_internal.backfill;
  v_busy     record;
begin
  -- In the order of those who end a chunk: the chunk, then its backfill.
  perform backlog_internal.hold_chunks(p_backfill_id, array['PENDING']);
  v_backfill := backlog_internal.find_backfill(p_backfill_id, true);
  select c.chunk_id, s.worker_id, s.leased_until into v_busy
  from backlog_internal.backfill_chunk as c
  join backlog_internal.retry_lease as s on s.token = c.lock_token and s.ids @> array[c.item_id]
  where c.backfill_id = p_backfill_id
    and c.state = 'PENDING'
    and s.leased_until > backlog_internal.clock()
  limit 1;
  if found then
    -- What it is about to write would be there without a trace, and twice if the next run appends it.
    raise exception using
      errcode = 'PB303',
      message = format(
        'chunk %s of backfill %s is still with worker %s', v_busy.chunk_id, p_backfill_id, v_busy.worker_id
      ),
      hint = format(
        'Try again when it has ended it, or if it is gone when its lease ends at %s.', v_busy.leased_until
      );
  end if;
  if not p_force and backlog_internal.holds_cursor(v_backfill) then
    raise exception using
      errcode = 'PB303',
      message = format('backfill %s knows how far its series has come', p_backfill_id),
      hint = format(
        'Without it the next run begins anew, and copies all again%s. Delete it after that run, or with'
          ' p_force => true.',
        case v_backfill.write_mode when 'append' then ': rows would be there twice' else '' end
      );
  end if;
  if v_backfill.state in ('FAILED', 'CANCELLED', 'COMPLETED') then
    perform backlog_internal.unwatch_keys(v_backfill);
  end if;
  perform backlog.discard_dead_letters(jsonb_build_object('id', c.item_id), 1, false, 'backfill deleted')
  from backlog_internal.backfill_chunk as c
  join backlog_internal.dead_letter as d on d.id = c.item_id
  where c.backfill_id = p_backfill_id
    and v_backfill.state in ('FAILED', 'CANCELLED', 'COMPLETED');
  perform backlog_internal.close_failed_incident(v_backfill, 'dismissed', 'the backfill was deleted');
  perform backlog_internal.hold_chunks(p_backfill_id, array['COMPLETED', 'FAILED']);
  delete from backlog_internal.backfill as b where b.backfill_id = p_backfill_id;
end;
$$;

comment on function backlog.delete_backfill(bigint, boolean) is
  $$Delete a backfill that has ended, with its chunks and its log; what was copied stays.
The last completed run of an incremental series knows how far that has come: without it the next one begins
anew, so it takes p_force to delete it.

Raises PB301 when there is none, PB303 while it is PENDING or EXECUTING, or a worker has a chunk of it, or when
its series needs it.$$;
