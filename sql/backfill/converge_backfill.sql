create or replace function backlog_internal.converge_backfill(p_backfill backlog_internal.backfill)
  returns jsonb
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '2s'
as $$
declare
  v_changes text;
begin
  perform backlog_internal.check_read_committed();
  update backlog_internal.backfill as b
  set phase = 'converge'
  where b.backfill_id = p_backfill.backfill_id
    and b.phase <> 'converge';

  begin
    perform backlog_internal.hold_tables(p_backfill);
    v_changes := backlog_internal.fingerprint_changes(p_backfill);
    if v_changes is not null then
      perform backlog_internal.end_backfill(
        p_backfill.backfill_id, 'FAILED', 'changed while it ran: ' || v_changes
      );
      return jsonb_build_object('action', 'finished', 'reason', v_changes);
    end if;
    if p_backfill.unwatched_at is not null then
      perform backlog_internal.restart_backfill(p_backfill);
      perform backlog_internal.enqueue_chunks(p_backfill.backfill_id);
      return jsonb_build_object('action', 'planned');
    elsif backlog_internal.plan_missed(p_backfill) or backlog_internal.plan_touched(p_backfill.backfill_id) then
      return jsonb_build_object('action', 'planned');
    end if;

    -- Few are left: keep writers out for a moment, so that there is a last one.
    execute format('lock table %s in share row exclusive mode', p_backfill.source_table);
    if backlog_internal.plan_missed(p_backfill) then
      return jsonb_build_object('action', 'planned');
    elsif not backlog_internal.watches_all(p_backfill) then
      -- Whoever loads much at once may disable all triggers meanwhile.
      perform backlog_internal.restart_backfill(p_backfill);
      perform backlog_internal.enqueue_chunks(p_backfill.backfill_id);
      return jsonb_build_object('action', 'planned');
    end if;
    perform backlog_internal.copy_keys(p_backfill, null);
    perform backlog_internal.unwatch_keys(p_backfill);
  exception
    when lock_not_available then
      perform backlog_internal.add_touched_chunk(p_backfill.backfill_id);
      return jsonb_build_object('action', 'wait', 'reason', 'the table is being written: ' || sqlerrm);
    when deadlock_detected or serialization_failure then
      return jsonb_build_object('action', 'wait', 'reason', sqlerrm);
    -- The destination refuses a row, or a new partition cannot be watched. The triggers stay for a while,
    -- so that it can go on once that is cured.
    when data_exception or integrity_constraint_violation or raise_exception or insufficient_privilege
      or object_not_in_prerequisite_state or wrong_object_type or feature_not_supported
    then
      perform backlog_internal.end_backfill(
        p_backfill.backfill_id, 'FAILED', format('%s (%s)', sqlerrm, sqlstate)
      );
      return jsonb_build_object('action', 'finished', 'reason', sqlerrm);
  end;
  perform backlog_internal.complete_backfill(p_backfill);
  return jsonb_build_object('action', 'finished');
end;
$$;

comment on function backlog_internal.converge_backfill(backlog_internal.backfill) is
  $$Copy again what changed during the copy, until nothing is left; return what was done.

While many keys are left they are a chunk like any other. The last few are copied while nobody can write,
in the transaction that drops the triggers: at its end source and destination are equal. One that missed
changes starts over.

Raises 25001 in a transaction that would not see what others commit.$$;
