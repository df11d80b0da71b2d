create or replace function backlog_internal.keeps_values(
  p_source regclass,
  p_source_column text,
  p_target regclass,
  p_target_column text
)
  returns boolean
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select case
      when s.type = t.type then t.modifier in (-1, s.modifier)
      when s.type in ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype)
        then t.type in ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype)
      when s.type in ('varchar'::regtype, 'text'::regtype)
        then t.type in ('varchar'::regtype, 'text'::regtype) and t.modifier = -1
      else false
    end
  from (
    select coalesce(nullif(y.typbasetype, 0), y.oid) as type,
      case when y.typbasetype = 0 then a.atttypmod else y.typtypmod end as modifier
    from pg_attribute as a
    join pg_type as y on y.oid = a.atttypid
    where a.attrelid = p_source and a.attname = p_source_column
  ) as s
  cross join (
    select coalesce(nullif(y.typbasetype, 0), y.oid) as type,
      case when y.typbasetype = 0 then a.atttypmod else y.typtypmod end as modifier
    from pg_attribute as a
    join pg_type as y on y.oid = a.atttypid
    where a.attrelid = p_target and a.attname = p_target_column
  ) as t
$$;
comment on function backlog_internal.keeps_values(regclass, text, regclass, text) is
  $$Tell whether values of one column are in another one what they were: neither rounded, cut off nor written
in another way, and compared by the same operators.$$;
