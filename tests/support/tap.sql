-- A small assertion set of our own, in the manner of TAP: every assertion returns a line that
-- begins with "ok" or "not ok", followed by "#" lines that explain a failure. The collector in
-- conftest.py counts the lines against the plan.
create schema tap;

create function tap.plan(p_count integer)
  returns text
  language sql
return format('1..%s', p_count);

create function tap.ok(p_value boolean, p_description text)
  returns text
  language sql
return case when p_value then 'ok - ' else 'not ok - ' end || p_description;

create function tap.pass(p_description text)
  returns text
  language sql
return tap.ok(true, p_description);

create function tap.fail(p_description text)
  returns text
  language sql
return tap.ok(false, p_description);

create function tap.diag(p_message text)
  returns text
  language sql
return '# ' || replace(p_message, E'\n', E'\n# ');

-- One verdict line, and on failure what there was and what was wanted.
create function tap.verdict(p_value boolean, p_description text, p_have text, p_want text)
  returns text
  language sql
return tap.ok(p_value, p_description) || case
  when p_value then ''
  else format(
    E'\n%s\n%s',
    tap.diag('have: ' || coalesce(p_have, 'NULL')),
    tap.diag('want: ' || coalesce(p_want, 'NULL'))
  )
end;

create function tap.is(p_have anyelement, p_want anyelement, p_description text)
  returns text
  language sql
as $$
  select tap.verdict(
    p_have is not distinct from p_want, p_description, p_have::text, p_want::text
  );
$$;

create function tap.isnt(p_have anyelement, p_unwanted anyelement, p_description text)
  returns text
  language sql
as $$
  select tap.verdict(
    p_have is distinct from p_unwanted, p_description, p_have::text,
    'anything but ' || coalesce(p_unwanted::text, 'NULL')
  );
$$;

create function tap.matches(p_have text, p_pattern text, p_description text)
  returns text
  language sql
return tap.verdict(
  coalesce(p_have ~ p_pattern, false), p_description, p_have, 'matching ' || p_pattern
);

create function tap.cmp_ok(p_have anyelement, p_operator text, p_want anyelement, p_description text)
  returns text
  language plpgsql
as $$
declare
  v_value boolean;
begin
  execute format('select $1 %s $2', p_operator) into v_value using p_have, p_want;
  return tap.verdict(
    coalesce(v_value, false), p_description, p_have::text,
    format('%s %s', p_operator, p_want)
  );
end;
$$;

-- Rows as text, in the order in which the query gives them.
create function tap.rows_of(p_sql text)
  returns text[]
  language plpgsql
as $$
declare
  v_row record;
  v_rows text[] := '{}';
begin
  for v_row in execute p_sql loop
    v_rows := v_rows || v_row::text;
  end loop;
  return v_rows;
end;
$$;

create function tap.results_eq(p_have text, p_want text, p_description text)
  returns text
  language plpgsql
as $$
declare
  v_have text[] := tap.rows_of(p_have);
  v_want text[] := tap.rows_of(p_want);
begin
  return tap.verdict(
    v_have = v_want, p_description,
    array_to_string(v_have, E'\n'), array_to_string(v_want, E'\n')
  );
end;
$$;

create function tap.bag_eq(p_have text, p_want text, p_description text)
  returns text
  language plpgsql
as $$
declare
  v_have text[] := array(select r.line from unnest(tap.rows_of(p_have)) as r (line) order by 1);
  v_want text[] := array(select r.line from unnest(tap.rows_of(p_want)) as r (line) order by 1);
begin
  return tap.verdict(
    v_have = v_want, p_description,
    array_to_string(v_have, E'\n'), array_to_string(v_want, E'\n')
  );
end;
$$;

create function tap.is_empty(p_sql text, p_description text)
  returns text
  language plpgsql
as $$
declare
  v_have text[] := tap.rows_of(p_sql);
begin
  return tap.verdict(
    v_have = '{}', p_description, array_to_string(v_have, E'\n'), 'no rows'
  );
end;
$$;

create function tap.isnt_empty(p_sql text, p_description text)
  returns text
  language plpgsql
as $$
begin
  return tap.verdict(tap.rows_of(p_sql) <> '{}', p_description, 'no rows', 'some rows');
end;
$$;

-- Runs the statement in a subtransaction. Null stands for any code or message; a null code still
-- wants an error. A code of condition names ('unique_violation') is not understood: use SQLSTATEs.
create function tap.throws_ok(p_sql text, p_code text, p_message text, p_description text)
  returns text
  language plpgsql
as $$
declare
  v_code text;
  v_message text;
begin
  begin
    execute p_sql;
  exception when others then
    get stacked diagnostics
      v_code = returned_sqlstate,
      v_message = message_text;
  end;
  return tap.verdict(
    v_code is not null
      and v_code = coalesce(p_code, v_code)
      and v_message = coalesce(p_message, v_message),
    p_description,
    coalesce(v_code || ': ' || v_message, 'no error'),
    coalesce(p_code, 'any error') || coalesce(': ' || p_message, '')
  );
end;
$$;

create function tap.throws_like(p_sql text, p_code text, p_pattern text, p_description text)
  returns text
  language plpgsql
as $$
declare
  v_code text;
  v_message text;
begin
  begin
    execute p_sql;
  exception when others then
    get stacked diagnostics
      v_code = returned_sqlstate,
      v_message = message_text;
  end;
  return tap.verdict(
    coalesce(v_code = coalesce(p_code, v_code) and v_message like p_pattern, false),
    p_description,
    coalesce(v_code || ': ' || v_message, 'no error'),
    coalesce(p_code, 'any error') || ': like ' || p_pattern
  );
end;
$$;

create function tap.lives_ok(p_sql text, p_description text)
  returns text
  language plpgsql
as $$
begin
  execute p_sql;
  return tap.ok(true, p_description);
exception when others then
  return tap.verdict(false, p_description, sqlstate || ': ' || sqlerrm, 'no error');
end;
$$;

-- The collector looks for this line: a script that stops early lacks it.
create function tap.finish()
  returns text
  language sql
return '# finished';

grant usage on schema tap to public;
