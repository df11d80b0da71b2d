create or replace function backlog_internal.filter_literal(
  p_type oid,
  p_value jsonb,
  p_place int,
  p_filter jsonb
)
  returns text
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  set datestyle = 'ISO'
  set intervalstyle = 'postgres'
  set extra_float_digits = 1
as $$
declare
  -- Without the modifier: a cast to varchar(3) or numeric(5, 2) would change the value in silence.
  v_type  text := format_type(p_type, -1);
  v_value text := p_value #>> '{}';
  v_message text;
begin
  if jsonb_typeof(p_value) = 'null' or p_value is null then
    perform backlog_internal.raise_invalid_filter(
      p_place, p_filter, 'the value is null',
      'Use IS NULL, IS NOT NULL or IS DISTINCT FROM; nothing is equal to null.'
    );
  end if;
  if p_type in ('json'::regtype, 'jsonb'::regtype) then
    v_value := p_value::text;
  elsif jsonb_typeof(p_value) = 'array' then
    v_value := backlog_internal.array_literal(p_value);
  end if;

  begin
    -- Written once as the type prints it, so that time zone and date style of later sessions, and
    -- words such as "today", mean what they mean now.
    execute format('select (%L::%s)::text', v_value, v_type) into v_value;
  exception
    when data_exception or syntax_error_or_access_rule_violation or integrity_constraint_violation then
      v_message := sqlerrm;
      perform backlog_internal.raise_invalid_filter(
        p_place, p_filter, format('%s is not of type %s (%s)', p_value, v_type, v_message),
        'Give a value that the type of the column can read.'
      );
  end;
  return format('%L::%s', v_value, v_type);
end;
$$;

comment on function backlog_internal.filter_literal(oid, jsonb, int, jsonb) is
  $$Write the value of a filter as SQL, cast through the type of its column.

Raises PB305 when the type cannot read it.$$;
