create or replace function backlog_internal.parse_predicate(
  p_table backlog_internal.pipeline_table,
  p_predicate text,
  p_role name = null
)
  returns text
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  set standard_conforming_strings = on
as $$
declare
  v_role      name := coalesce(p_role, backlog_internal.caller());
  v_probe     refcursor;
  v_index     regclass;
  v_predicate text;
  v_function  text;
  v_sqlstate  text;
  v_message   text;
begin
  -- To plan an expression, even to parse it, may call functions of its author's. So it comes first.
  v_function := backlog_internal.find_foreign_name(p_predicate, v_role);
  if v_function is not null and not pg_has_role(v_role, current_user, 'member') then
    raise exception using
      errcode = 'insufficient_privilege',
      message = format('role %I may not bring %s into a predicate', v_role, v_function),
      hint = format(
        'It runs with the rights of %1$I. Name columns without their table, and only what PostgreSQL or an '
        'extension provides; more is for members of %1$I.', current_user
      );
  end if;

  begin
    -- A cursor takes one query, so that a predicate cannot smuggle in a second statement; as it is never
    -- read, nothing is planned, which would call stable functions and show in an error what they found.
    -- An index takes one immutable expression and hands it back as understood.
    open v_probe for execute format(
      E'explain select from only %s where (%s\n) limit 0', p_table.delta_table, p_predicate
    );
    close v_probe;
    execute format('create table backlog_internal.delta_probe (like %s)', p_table.delta_table);
    execute format(
      E'create index delta_probe_predicate on backlog_internal.delta_probe ((1)) where (%s\n)', p_predicate
    );
  exception
    when others then
      get stacked diagnostics v_sqlstate = returned_sqlstate, v_message = message_text;
      perform backlog_internal.raise_invalid_pipeline(
        format('the predicate cannot be used: %s (%s)', v_message, v_sqlstate),
        format('Give an immutable boolean expression over the columns of %s.', p_table.delta_table)
      );
  end;

  v_index := to_regclass('backlog_internal.delta_probe_predicate');
  -- What is always true an index does not keep.
  select coalesce(pg_get_expr(i.indpred, i.indrelid), 'true')
  into v_predicate
  from pg_index as i
  where i.indexrelid = v_index;
  -- What an implicit cast brings in has no name.
  select d.refobjid::regprocedure::text
  into v_function
  from pg_depend as d
  where d.objid = v_index
    and d.refclassid = 'pg_proc'::regclass
    and backlog_internal.is_foreign(d.refclassid, d.refobjid)
  limit 1;
  if v_function is not null then
    perform backlog_internal.check_installer_rights(format('function %s', v_function), v_role);
  end if;

  drop table backlog_internal.delta_probe;
  return v_predicate;
end;
$$;

comment on function backlog_internal.parse_predicate(backlog_internal.pipeline_table, text, name) is
  $$Check a predicate over the columns of a delta table and return it as PostgreSQL prints it.

Raises PB102 when it is no single immutable boolean expression, 42501 when it calls functions that only
members of the role that loads run as may bring in.$$;
