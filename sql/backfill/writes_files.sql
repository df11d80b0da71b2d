create or replace function backlog_internal.writes_files(p_kind text)
  returns boolean
  language sql
  immutable
return p_kind = 'parquet';

comment on function backlog_internal.writes_files(text) is
  $$Tell whether a kind of destination is files: a chunk is one, no row of it can be found again, and it is
replaced as a whole.$$;
