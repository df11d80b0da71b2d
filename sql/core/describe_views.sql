create or replace function backlog_internal.describe_views()
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_column record;
begin
  -- A loop, because comments cannot be written by a query. By oid, so that a view which another
  -- one reads comes first.
  for v_column in
    select
      c.oid::regclass as view_name,
      a.attname,
      case when count(distinct meaning.description) = 1 then min(meaning.description) end as meaning
    from pg_class as c
    join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0
    left join pg_description as own
      on own.classoid = 'pg_class'::regclass
      and own.objoid = a.attrelid
      and own.objsubid = a.attnum
    left join pg_rewrite as r on r.ev_class = c.oid
    left join pg_depend as d
      on d.classid = 'pg_rewrite'::regclass
      and d.objid = r.oid
      and d.refclassid = 'pg_class'::regclass
      and d.refobjid <> c.oid
    left join pg_attribute as source
      on source.attrelid = d.refobjid
      and source.attnum = d.refobjsubid
      and source.attname = a.attname
    left join pg_description as meaning
      on meaning.classoid = 'pg_class'::regclass
      and meaning.objoid = source.attrelid
      and meaning.objsubid = source.attnum
    where c.relnamespace = 'backlog'::regnamespace
      and c.relkind = 'v'
      -- A comment of the view's own file was written by this transaction.
      and own.xmin is distinct from pg_current_xact_id()::xid
    group by c.oid, a.attname, a.attnum
    order by c.oid, a.attnum
  loop
    execute format(
      'comment on column %s.%I is %L', v_column.view_name, v_column.attname, v_column.meaning
    );
  end loop;
end;
$$;

comment on function backlog_internal.describe_views() is
  $$Give columns of views the comments of the table columns that they show.

What a column means is said once, at its table. A view comments on its own columns only where it
computes or renames them; those comments stay. Runs in the transaction that loaded the views.$$;
