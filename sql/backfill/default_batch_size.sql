create or replace function backlog_internal.default_batch_size(p_kind text)
  returns int
  language sql
  immutable
-- A chunk becomes a file, and many small files are slow to read.
return case when backlog_internal.writes_files(p_kind) then 250000 else 10000 end;

comment on function backlog_internal.default_batch_size(text) is
  $$Return how many rows a chunk for a kind of destination writes at most if nobody says.$$;
