create or replace function backlog_internal.wanted_payload(p_kind text, p_pipeline text)
  returns text
  language sql
  stable
return (
  select
    case
      when bool_or(h.payload = 'records') then 'records'
      when bool_or(h.payload = 'keys') then 'keys'
      else 'none'
    end
  from backlog_internal.hook as h
  where h.kind = p_kind
    and (h.pipelines is null or p_pipeline = any (h.pipelines))
);

comment on function backlog_internal.wanted_payload(text, text) is
  $$Return how much of the records hooks want to see of events of a kind and pipeline: none, keys or records.

Disabled hooks count, since they may be given later what they missed. An event without records costs
nothing but its row, so whoever writes events of many records asks first.$$;
