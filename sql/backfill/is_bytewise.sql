create or replace function backlog_internal.is_bytewise(p_collation oid)
  returns boolean
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  -- The orders that do not depend on what a library knows of languages; in UTF-8 bytes are as code points.
  select exists (
    select
    from pg_collation as c
    join pg_database as d on d.datname = current_database()
    where c.oid = p_collation
      and pg_encoding_to_char(d.encoding) = 'UTF8'
      and case c.collprovider
        when 'd' then d.datlocprovider = 'b' or d.datlocprovider = 'c' and d.datcollate in ('C', 'POSIX')
        else c.collprovider = 'b' or c.collprovider = 'c' and c.collcollate in ('C', 'POSIX')
      end
  )
$$;
comment on function backlog_internal.is_bytewise(oid) is
  $$Tell whether a collation orders texts by their bytes in UTF-8, as other systems can.$$;
