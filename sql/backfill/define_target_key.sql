create or replace function backlog_internal.define_target_key(p_backfill backlog_internal.backfill)
  returns backlog_internal.backfill
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_backfill backlog_internal.backfill := p_backfill;
  v_asked    text[] := array(select jsonb_array_elements_text(p_backfill.destination -> 'key'));
  v_mapped   text[];
  v_found    text[];
begin
  v_mapped := case when p_backfill.key_is_unique then backlog_internal.mapped_key(p_backfill) end;

  if exists (
    select from pg_class as c where c.oid = p_backfill.target_table and c.relkind in ('r', 'p')
  ) then
    select k.key_columns into v_found
    from (
      select
        array_agg(a.attname::text order by n.place) as key_columns, i.indisprimary
      from pg_index as i
      cross join lateral generate_series(1, i.indnkeyatts) as n (place)
      join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[n.place - 1]
      where i.indrelid = p_backfill.target_table
        and i.indisunique and i.indimmediate and i.indisvalid
        and i.indpred is null and i.indexprs is null
      group by i.indexrelid, i.indisprimary
    ) as k
    where k.key_columns <@ p_backfill.target_columns
      and (cardinality(v_asked) = 0 or k.key_columns @> v_asked and k.key_columns <@ v_asked)
    order by
      (k.key_columns @> v_mapped and k.key_columns <@ v_mapped) is not true,
      not k.indisprimary, k.key_columns
    limit 1;
  else
    v_found := case
      when v_asked <@ p_backfill.target_columns and cardinality(v_asked) > 0 then v_asked
      when cardinality(v_asked) = 0 then v_mapped
    end;
  end if;
  -- In the order of the source's key, so that ranges of it are ranges there.
  if v_found @> v_mapped and v_found <@ v_mapped then
    v_found := v_mapped;
  end if;
  v_backfill.target_key := coalesce(v_found, array[]::text[]);
  v_backfill.write_mode := coalesce(
    p_backfill.destination ->> 'mode',
    case when v_found is null or backlog_internal.writes_files(p_backfill.kind) then 'append' else 'upsert' end
  );

  if v_backfill.write_mode not in ('upsert', 'append') then
    perform backlog_internal.raise_invalid_backfill(
      format('the mode of a destination is upsert or append, not %s', v_backfill.write_mode),
      'Correct p_destination.'
    );
  elsif v_found is null and (v_backfill.write_mode = 'upsert' or cardinality(v_asked) > 0) then
    perform backlog_internal.raise_invalid_backfill(
      format('no unique key of the destination is among the columns copied (%s)',
        array_to_string(p_backfill.target_columns, ', ')),
      'Create a unique index there, name its columns as "key" in p_destination, or use "mode": "append".'
    );
  elsif v_backfill.write_mode = 'upsert' and cardinality(v_asked) = 0
    and not backlog_internal.unique_in_source(p_backfill, v_found)
  then
    perform backlog_internal.raise_invalid_backfill(
      format('rows of %s may be equal in the key of the destination (%s)', p_backfill.source_table,
        array_to_string(v_found, ', ')),
      'Name the "key" in p_destination if of such rows only the last shall stay, or use "mode": "append".'
    );
  elsif p_backfill.consistency = 'converge' and (
    v_mapped is null or v_found is distinct from v_mapped or v_backfill.write_mode <> 'upsert'
    or p_backfill.key_is_nullable
  ) then
    perform backlog_internal.raise_invalid_backfill(
      'converge needs one unique key without nulls that source and destination share',
      'Copy the key of the source, make it unique in the destination, and use mode upsert.'
    );
  end if;
  return v_backfill;
end;
$$;

comment on function backlog_internal.define_target_key(backlog_internal.backfill) is
  $$Settle by which columns of the destination a row is found again, and whether rows are upserted.

The key asked for in the destination, else the source's key under its names there, else any unique key
that is copied. Without one rows are appended.

Raises PB302 when what was asked for cannot work.$$;
