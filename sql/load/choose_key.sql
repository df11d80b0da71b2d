create or replace function backlog_internal.choose_key(p_table regclass, p_mode text, p_key text[])
  returns text[]
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_key text[];
begin
  select array_agg(a.attname::text order by k.place)
  into v_key
  from pg_index as i
  cross join lateral unnest(i.indkey::smallint[]) with ordinality as k (attnum, place)
  join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = k.attnum
  where i.indrelid = p_table
    and i.indisprimary
    and k.place <= i.indnkeyatts;

  if p_key is null then
    if v_key is null and p_mode <> 'append' then
      perform backlog_internal.raise_invalid_pipeline(
        format('table %s has no primary key, which mode %s needs', p_table, p_mode),
        'Name the columns of a unique constraint as p_key, or use mode append.'
      );
    end if;
    return coalesce(v_key, '{}');
  end if;

  if cardinality(p_key) = 0 and p_mode <> 'append' or not exists (
    select
    from pg_index as i
    where i.indrelid = p_table
      and i.indisunique
      and i.indisvalid
      and i.indpred is null
      and i.indexprs is null
      and (
        select array_agg(a.attname::text order by a.attname)
        from unnest(i.indkey::smallint[]) with ordinality as k (attnum, place)
        join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = k.attnum
        where k.place <= i.indnkeyatts
      ) = (select array_agg(k.name order by k.name collate "C") from unnest(p_key) as k (name))
  ) and cardinality(p_key) > 0 then
    perform backlog_internal.raise_invalid_pipeline(
      format('no unique constraint of %s is on exactly (%s)', p_table, array_to_string(p_key, ', ')),
      'Create a unique index on these columns first; a load could not tell rows apart without it.'
    );
  end if;

  return p_key;
end;
$$;

comment on function backlog_internal.choose_key(regclass, text, text[]) is
  $$Return the key columns of a stable table: those asked for, else the primary key.

Raises PB102 when the mode needs a key and there is none, or when it is not unique.$$;
