begin;
select plan(4);

select matches(backlog.version(), '^\d+\.\d+\.\d+', 'an installation knows its version');

select backlog_internal.finish_install('98.0.0');
select is(backlog.version(), '98.0.0', 'the version loaded last counts');

select backlog_internal.finish_install('98.0.0');
select is(
  (select count(*) from backlog_internal.release where version = '98.0.0'),
  1::bigint,
  'loading the same version again is no news'
);

delete from backlog_internal.release;
select is(backlog.version(), null, 'an unfinished installation has no version');

select * from finish();
rollback;
