create or replace function backlog_internal.malformed_action(p_table backlog_internal.pipeline_table)
  returns text
  language sql
  immutable
return case p_table.on_malformed
  -- Without an item there is no page to put aside: the row itself waits for a person.
  when 'dead_letter_item'
    then 'case when r.backlog_item_id is null then ''quarantine_row'' else ''dead_letter_item'' end'
  else '''quarantine_row'''
end;

comment on function backlog_internal.malformed_action(backlog_internal.pipeline_table) is
  $$Write the SQL that tells what becomes of a malformed row r.$$;
