create or replace function backlog_internal.refuse_value(p_value anyelement, p_column text, p_type text)
  returns anyelement
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using
    errcode = case when pg_typeof(p_value) in ('text'::regtype, 'varchar'::regtype) then '22001' else '22000' end,
    message = format('column %s of type %s cannot keep %L', quote_ident(p_column), p_type, left(p_value::text, 100)),
    hint = 'Give the destination a wider type, or say with p_mapping {"column": {"cast": "type"}} what shall be lost.';
end;
$$;

comment on function backlog_internal.refuse_value(anyelement, text, text) is
  $$Refuse the row of a value that a column of the destination would round or cut off.

Raises 22000, or 22001 for a text.$$;
