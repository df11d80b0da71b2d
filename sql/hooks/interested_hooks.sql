create or replace function backlog_internal.interested_hooks(p_kind text, p_pipeline text)
  returns setof backlog_internal.hook
  language sql
  stable
as $$
  select h.*
  from backlog_internal.hook as h
  where h.enabled
    and h.kind = p_kind
    and (h.pipelines is null or p_pipeline = any (h.pipelines))
$$;

comment on function backlog_internal.interested_hooks(text, text) is
  $$Return the enabled hooks that want events of a kind and pipeline.

Written so that the planner can inline it.$$;
