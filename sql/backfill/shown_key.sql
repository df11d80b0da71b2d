create or replace function backlog_internal.shown_key(p_backfill backlog_internal.backfill)
  returns text
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select case cardinality(p_backfill.key_columns)
    when 0 then 'null::text'
    else 'array_to_json(array[' || backlog_internal.quoted_list(p_backfill.key_columns, 's.%I::text') || '])::text'
  end
$$;

comment on function backlog_internal.shown_key(backlog_internal.backfill) is
  $$Write the expression for the key of a row s of the source as a client gets it: an array of texts, as JSON.$$;
