create or replace function backlog_internal.backfill_queued()
  returns trigger
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if coalesce(new.state, 'PENDING') <> 'PENDING' then
    raise exception using
      errcode = 'PB303',
      message = format('a backfill begins as PENDING, not as %s', new.state),
      hint = 'Leave the state out.';
  end if;
  new.backfill_id := backlog.create_backfill(
    new.pipeline, new.table_name, coalesce(new.filters, '[]'), new.destination,
    p_predicate => new.predicate,
    p_consistency => coalesce(new.consistency, 'chunk'),
    p_batch_size => new.batch_size,
    p_priority => coalesce(new.priority, 5)
  );
  select q.* into new from backlog.backfill_queue as q where q.backfill_id = new.backfill_id;
  return new;
end;
$$;

comment on function backlog_internal.backfill_queued() is
  $$Make a backfill of a row that is inserted into backlog.backfill_queue.

Raises what create_backfill raises, PB303 when it is to begin in another state.$$;
