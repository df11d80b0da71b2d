create or replace function backlog_internal.define_predicate(p_table regclass, p_predicate text, p_role name)
  returns text
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_probe   backlog_internal.pipeline_table;
  v_message text;
begin
  -- The same fence as for the checks of a pipeline: one immutable expression over the columns, as an
  -- index takes it. No subquery, no second statement, nothing that could write.
  v_probe.delta_table := p_table;
  return backlog_internal.parse_predicate(v_probe, p_predicate, p_role);
exception
  when sqlstate 'PB102' then
    v_message := sqlerrm;
    perform backlog_internal.raise_invalid_backfill(
      v_message,
      'Give an immutable boolean expression over the columns; for joins and subqueries register a view.'
    );
    return null;
end;
$$;

comment on function backlog_internal.define_predicate(regclass, text, name) is
  $$Check a predicate over the columns of a table and return it as PostgreSQL prints it.

Raises PB302 when it is no single immutable boolean expression, 42501 when it calls functions that only
members of the role that backfills run as may bring in.$$;
