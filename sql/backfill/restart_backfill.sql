create or replace function backlog_internal.restart_backfill(p_backfill backlog_internal.backfill)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- A chunk that is being worked on may have read rows before they are watched again. Its row is locked,
  -- so it has committed, or finds nothing left to commit, before anything is planned anew.
  perform backlog_internal.withdraw_chunks(p_backfill.backfill_id, 'starts over');
  perform backlog.discard_dead_letters(jsonb_build_object('id', c.item_id), 1, false, 'starts over')
  from backlog_internal.backfill_chunk as c
  join backlog_internal.dead_letter as d on d.id = c.item_id
  where c.backfill_id = p_backfill.backfill_id;
  perform backlog_internal.hold_chunks(p_backfill.backfill_id, array['PENDING', 'COMPLETED', 'FAILED']);
  delete from backlog_internal.backfill_chunk as c where c.backfill_id = p_backfill.backfill_id;

  perform backlog_internal.watch_keys(p_backfill);
  delete from backlog_internal.backfill_touched as t where t.backfill_id = p_backfill.backfill_id;
  update backlog_internal.backfill as b
  set phase = 'copy'
  where b.backfill_id = p_backfill.backfill_id;
  perform backlog_internal.store_plan(p_backfill.backfill_id);
  perform backlog_internal.add_extra_chunk(p_backfill.backfill_id);
end;
$$;

comment on function backlog_internal.restart_backfill(backlog_internal.backfill) is
  $$Begin a converging backfill anew, because nobody noted what changed: watch its table again, plan it again.

Every row is read again and written where it differs, and rows that the source no longer has are deleted.$$;
