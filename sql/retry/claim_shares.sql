create or replace function backlog_internal.claim_shares(
  p_claim backlog_internal.claim,
  p_due backlog_internal.due_lane[],
  p_batch_size int,
  p_now timestamptz
)
  returns backlog_internal.claim
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_due     backlog_internal.due_lane;
  v_level   int;
  v_sharers int;
  v_take    int;
  v_before  int;
  v_again   boolean;
begin
  if cardinality(p_due) = 1 then
    return backlog_internal.claim_pair(p_claim, p_due[1], p_batch_size - p_claim.items, p_now);
  end if;

  -- Higher priorities first; within one priority each lane gets an equal share of what is left.
  for v_level, v_sharers in
    select d.priority, count(*) from unnest(p_due) as d group by d.priority order by d.priority desc
  loop
    loop
      v_again := false;
      for v_due in
        select d.* from unnest(p_due) as d where d.priority = v_level order by random()
      loop
        v_before := p_claim.items;
        v_take := ceil((p_batch_size - v_before)::numeric / v_sharers);
        v_sharers := greatest(v_sharers - 1, 1);
        p_claim := backlog_internal.claim_pair(p_claim, v_due, v_take, p_now);
        v_again := v_again or p_claim.items - v_before = v_take;
        if p_claim.items >= p_batch_size then
          return p_claim;
        end if;
      end loop;
      exit when not v_again;
    end loop;
  end loop;
  return p_claim;
end;
$$;

comment on function backlog_internal.claim_shares(
  backlog_internal.claim, backlog_internal.due_lane[], int, timestamptz
) is
  $$Claim until the batch is full: by priority, and in fair shares among the lanes of one priority.$$;
