create or replace function backlog.enqueue_fetch(
  p_pipeline text,
  p_request jsonb = '{}',
  p_correlation_id text = null,
  p_dedupe_key text = null,
  p_run_at timestamptz = null,
  p_priority int = 5,
  p_channel_name text = '',
  out id bigint,
  out event_id uuid
)
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform backlog_internal.find_pipeline(p_pipeline);

  select e.id, e.event_id
  into enqueue_fetch.id, enqueue_fetch.event_id
  from backlog.enqueue_retry_item(
    p_event_type => 'fetch.' || p_pipeline,
    p_event_data => p_request,
    p_channel_name => p_channel_name,
    p_correlation_id => p_correlation_id,
    p_dedupe_key => p_dedupe_key,
    p_run_at => p_run_at,
    p_priority => p_priority
  ) as e;
end;
$$;

comment on function backlog.enqueue_fetch(text, jsonb, text, text, timestamptz, int, text) is
  $$Ask for a page to be fetched for a pipeline: a retry item of the event type fetch.<pipeline>.

p_request is for the fetcher, which stages rows and then calls backlog.stage_retry_item. Pages that
form a full set, for tables in mode replace, share a p_correlation_id. A live item with the same
p_dedupe_key is returned instead of a second one.

Raises PB101 when there is no such pipeline, PB003 when an argument is out of range.$$;
