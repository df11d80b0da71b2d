create or replace function backlog_internal.report_end(p_backfill backlog_internal.backfill)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows bigint;
begin
  select sum(c.rows_matched) into v_rows
  from backlog_internal.backfill_chunk as c
  where c.backfill_id = p_backfill.backfill_id
    and c.state = 'COMPLETED';
  perform backlog_internal.write_events(
    case p_backfill.state when 'FAILED' then 'incident' else 'checkpoint' end,
    (select p.name from backlog_internal.pipeline as p where p.pipeline_id = p_backfill.pipeline_id),
    backlog_internal.source_name(p_backfill), null, coalesce(v_rows, 0), 'backfill', p_backfill.backfill_id,
    'backfill:' || p_backfill.backfill_id,
    jsonb_build_object(
      'backfill_id', p_backfill.backfill_id, 'state', p_backfill.state, 'reason', p_backfill.reason,
      'destination', p_backfill.destination
    ),
    case p_backfill.state when 'FAILED' then coalesce(p_backfill.reason, 'the backfill failed') end
  );
end;
$$;

comment on function backlog_internal.report_end(backlog_internal.backfill) is
  $$Tell hooks that a backfill completed, failed or was cancelled: an event with its state in the metadata.$$;
