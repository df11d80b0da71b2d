-- The catalog tells what this transaction wrote: nothing but what follows. Of the rest, two objects
-- count as shipped before.
begin;
select plan(7);

delete from backlog_internal.fingerprint
where object not in ('backlog.settings', 'backlog.set_setting(text,text)');

create view backlog.fresh as select 1 as one;
create function backlog_internal.touched() returns trigger language plpgsql as
  'begin return null; end';
create trigger setting_touched after update on backlog_internal.setting
  for each row execute function backlog_internal.touched();

create view public.user_of_settings as select * from backlog.settings;
select throws_like(
  'select backlog_internal.seal_objects()',
  'PB006',
  '%is no longer part of pgbacklog but still used%',
  'an object that somebody uses is not dropped'
);
select isnt(
  to_regclass('backlog.settings'), null, 'a refusal leaves everything as it was'
);
drop view public.user_of_settings;

select backlog_internal.seal_objects();
select is(to_regclass('backlog.settings'), null, 'what was shipped but not loaded is dropped');
select isnt(
  to_regprocedure('backlog.version()'), null, 'what was never shipped is not ours to drop'
);
select isnt(to_regclass('backlog.fresh'), null, 'what was loaded stays');
select bag_eq(
  $$select kind, object from backlog_internal.fingerprint
    where kind in ('function', 'view', 'trigger')$$,
  $$values ('view', 'backlog.fresh'), ('function', 'backlog_internal.touched()'),
    ('trigger', 'setting_touched on backlog_internal.setting')$$,
  'what was loaded is remembered'
);
select ok(
  (select count(*) > 5 from backlog_internal.fingerprint where kind = 'table'),
  'tables are remembered as they are'
);

select * from finish();
rollback;
