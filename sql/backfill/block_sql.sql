create or replace function backlog_internal.block_sql(p_first text, p_after text)
  returns text
  language sql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
  select coalesce(nullif(concat_ws(
    ' and ',
    's.ctid >= ' || quote_literal('(' || p_first || ',0)') || '::tid',
    's.ctid < ' || quote_literal('(' || p_after || ',0)') || '::tid'
  ), ''), 'true')
$$;

comment on function backlog_internal.block_sql(text, text) is
  $$Write which rows of the source s are in a range of blocks: from the first, up to the one after; null means no
bound.$$;
