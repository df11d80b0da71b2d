begin;
select plan(3);

select is_empty(
  $$select code from backlog.error_codes where code !~ '^PB\d{3}$'$$,
  'every code is of class PB'
);
select is_empty(
  'select condition from backlog.error_codes group by condition having count(*) > 1',
  'no two codes share a name'
);
select is_empty(
  $$select code from backlog.error_codes where meaning !~ '^[A-Z].*\.$'$$,
  'every meaning is a sentence'
);

select * from finish();
rollback;
