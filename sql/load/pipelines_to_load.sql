create or replace function backlog.pipelines_to_load()
  returns table (pipeline text, reason text)
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_now timestamptz := backlog_internal.clock();
begin
  return query
  select p.name, r.reason
  from backlog_internal.pipeline as p
  cross join lateral (
    select count(*) as items, coalesce(sum(s.row_count), 0) as rows, min(s.staged_at) as oldest_at
    from backlog_internal.staged_item as s
    where s.pipeline_id = p.pipeline_id
      and s.held_token is not null
  ) as s
  cross join lateral (
    select exists (
      select
      from backlog_internal.retry_lane as l
      where l.event_type = 'fetch.' || p.name
        and (
          exists (
            select
            from backlog_internal.retry_ready as y
            where y.lane_id = l.lane_id
              and y.run_at <= v_now + make_interval(secs => p.load_delay_seconds)
          )
          or exists (
            select
            from backlog_internal.retry_lease as e
            where e.lane_id = l.lane_id
              and e.leased_until < 'infinity'
          )
        )
    ) as is_fetching
  ) as f
  cross join lateral (
    select case
      -- A full set is worth waiting for; partly loaded it could not tell what is gone.
      when f.is_fetching and exists (
        select
        from backlog_internal.pipeline_table as t
        where t.pipeline_id = p.pipeline_id
          and t.mode = 'replace'
      ) then null
      when s.rows >= p.min_rows then format('%s rows are staged', s.rows)
      when s.oldest_at <= v_now - make_interval(secs => p.load_delay_seconds)
        then format('the oldest page waits since %s', s.oldest_at)
      when s.items > 0 and not f.is_fetching then 'nothing is left to fetch'
      when exists (
        select
        from backlog_internal.quarantine_row as q
        where q.pipeline_id = p.pipeline_id
          and q.state = 'replaying'
      ) then 'quarantined rows are to be replayed'
      when backlog_internal.has_copied_rows(p.pipeline_id) then 'rows were copied'
    end as reason
  ) as r
  where p.auto_load
    and p.paused_at is null
    and p.load_after <= v_now
    and r.reason is not null
  order by p.name;
end;
$$;

comment on function backlog.pipelines_to_load() is
  $$List the pipelines that a load is due for, with the reason.

A load is due when enough rows are staged, when the oldest page has waited for the load delay, when
nothing is left to fetch, or when rows were copied or replayed. Pipelines with tables in mode replace
wait until all pages are fetched. After a refused or failed load a pipeline is not due for a while.$$;
