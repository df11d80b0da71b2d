create or replace function backlog_internal.find_foreign_name(p_expression text, p_role name)
  returns text
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
  set standard_conforming_strings = on
as $$
declare
  -- The longest that matches is taken, as PostgreSQL does it: a string with escapes, one that goes on in
  -- the next line, a mark of Unicode escapes, a string, a quoted name, a name, a number, other marks.
  v_lexemes constant text := concat_ws(
    '|', $x$[eE]'(?:[^'\\]|\\.|'')*'$x$, $x$[eE]'(?:[^'\\]|\\.|'')*'\s+'$x$, $x$[uU]&['"]$x$, $x$'(?:[^']|'')*'$x$,
    '"(?:[^"]|"")+"', '[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_$\u0080-\U0010ffff]*', '[0-9][A-Za-z0-9_.]*',
    '--', '/\*', '\S'
  );
  v_found text;
begin
  with lexeme as (
    select
      m.match[1] as text, m.place,
      case
        when m.match[1] ~ '^".+"$' then replace(substr(m.match[1], 2, length(m.match[1]) - 2), '""', '"')
        -- Only ASCII letters are folded; single-byte encodings fold more, so they have to be quoted there.
        when m.match[1] ~ '^[A-Za-z_\u0080-\U0010ffff][^''"]*$'
          and (getdatabaseencoding() = 'UTF8' or m.match[1] ~ '^[ -~]+$') then lower(m.match[1] collate "C")
      end as name,
      lead(m.match[1]) over (order by m.place) = '.' as qualifies,
      lag(m.match[1]) over (order by m.place) = '.' as is_qualified
    from regexp_matches(p_expression, v_lexemes, 'g') with ordinality as m (match, place)
  )
  select case when s.qualifies then concat_ws('.', s.text, s.object) else s.text end into v_found
  from (select l.*, lead(l.name, 2) over (order by l.place) as object from lexeme as l) as s
  where case
    when s.name is null then s.text !~ '^[eE]?''.*''$|^[0-9]|^[!-~]$' or s.text ~ '^[$"'']$|^[eE]''.*\s''$'
    when s.qualifies then s.name <> 'pg_catalog'
      and not backlog_internal.is_provided(s.name, s.object, p_role)
    -- Without a schema a type may also be one of this session's own.
    else s.is_qualified is not true and exists (
      select from pg_type as t where t.typnamespace = pg_my_temp_schema() and t.typname = s.name::name
    )
  end
  order by s.place
  limit 1;
  return v_found;
end;
$$;

comment on function backlog_internal.find_foreign_name(text, name) is
  $$Return the first name in an SQL expression that may be of what neither PostgreSQL nor an extension provides.

Null if there is none. The text is only taken apart: to have PostgreSQL parse or plan it could already call
functions that it names, and p_role could make them meanwhile. What could hide a name (comments, dollar
quotes, Unicode escapes) counts as one, and so does the table before a column. What the types of columns do
is not looked at: whoever owns a table is trusted with that.$$;
