create or replace function backlog_internal.check_comparison(p_comparison jsonb, p_key_size int)
  returns void
  language plpgsql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_problem text;
begin
  v_problem := case
    when jsonb_typeof(p_comparison) is distinct from 'object' then 'it is not an object'
    when exists (
      select from unnest(array[
        'fence', 'source_rows', 'source_checksum', 'destination_rows', 'destination_checksum'
      ]) as n (name)
      where jsonb_typeof(p_comparison -> n.name) is distinct from 'number'
    ) then 'fence, rows and checksums must be numbers'
    when jsonb_typeof(p_comparison -> 'differences') is distinct from 'array' then 'differences must be an array'
    when exists (
      select from jsonb_array_elements(p_comparison -> 'differences') as d (found)
      where jsonb_typeof(d.found -> 'key') is distinct from 'array'
        or jsonb_array_length(case jsonb_typeof(d.found -> 'key') when 'array' then d.found -> 'key' end) <> p_key_size
        or d.found ->> 'problem' is null
        or d.found ->> 'problem' not in ('missing', 'different', 'extra')
    ) then format(
      'a difference needs a key of %s values, and a problem: missing, different or extra', p_key_size
    )
  end;
  if v_problem is not null then
    raise exception using
      errcode = 'PB003',
      message = format('the comparison cannot be understood: %s', v_problem),
      hint = 'See the comment of backlog.record_backfill_comparison.';
  end if;
end;
$$;

comment on function backlog_internal.check_comparison(jsonb, int) is
  $$Insist that what a client says of a comparison has the right shape, with keys of so many values.

Raises PB003 when it does not.$$;
