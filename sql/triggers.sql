-- Every trigger, one line each: table and event on the left, function on the right.
create or replace trigger backfill_state_changed
  after insert or update or delete on backlog_internal.backfill
  for each row execute function backlog_internal.backfill_state_changed();
create or replace trigger backfill_queued
  instead of insert on backlog.backfill_queue
  for each row execute function backlog_internal.backfill_queued();
