create or replace function backlog_internal.open_load_incidents(p_load_id bigint, p_pipeline text)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_ids bigint[];
begin
  -- News is what was not in quarantine, or comes back from a replay; parked rows are still on their way.
  select array_agg(f.quarantine_row_id order by f.quarantine_row_id)
  into v_ids
  from (
    select distinct f.quarantine_row_id
    from backlog_internal.refused_row as f
    join backlog_internal.quarantine_row as q on q.quarantine_row_id = f.quarantine_row_id
    where f.batch_id = p_load_id
      and f.state = 'waiting'
      and not f.is_again
      and q.state = 'waiting'
  ) as f;
  if v_ids is not null then
    perform backlog_internal.open_quarantine_incidents(p_pipeline, v_ids);
  end if;
end;
$$;

comment on function backlog_internal.open_load_incidents(bigint, text) is
  $$Open incidents for the rows that a load, or the staging of a page, has newly put into quarantine.$$;
