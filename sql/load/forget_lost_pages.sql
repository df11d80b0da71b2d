create or replace function backlog_internal.forget_lost_pages(p_pipeline_id bigint)
  returns bigint
  language sql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
  with gone as (
    delete from backlog_internal.staged_item as s
    where s.pipeline_id = p_pipeline_id
      and s.held_token is null
      and not exists (
        select
        from backlog_internal.retry_lease as l
        where l.token = s.lock_token
          and l.ids @> array[s.item_id]
      )
    returning s.item_id
  )
  select count(*) from gone
$$;

comment on function backlog_internal.forget_lost_pages(bigint) is
  $$Forget pages whose worker lost its lease before they were complete; the next load removes their rows.$$;
