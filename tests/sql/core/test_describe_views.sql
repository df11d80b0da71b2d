begin;
select plan(4);

select is(
  col_description('backlog.settings'::regclass, 4),
  'When it was set; null while the default is in force.',
  'a comment of the view''s own stays'
);

create table backlog_internal.thing (name text, size int, colour text);
comment on column backlog_internal.thing.name is 'What it is called.';
comment on column backlog_internal.thing.size is 'How large it is.';
create view backlog.things as select t.name, t.size * 2 as size, t.colour from backlog_internal.thing as t;
comment on column backlog.things.size is 'Twice how large it is.';
select backlog_internal.describe_views();
select is(
  col_description('backlog.things'::regclass, 1),
  'What it is called.',
  'a column has the comment of the table''s column of that name'
);
select is(
  col_description('backlog.things'::regclass, 2),
  'Twice how large it is.',
  'what this load said of a column is not overwritten'
);
select is(
  col_description('backlog.things'::regclass, 3),
  null,
  'what the table does not say the view cannot either'
);

select * from finish();
rollback;
