create or replace function backlog_internal.claim_due(
  inout token bigint,
  p_worker_id text,
  p_batch_size int,
  p_leased_until timestamptz,
  p_event_types text[],
  p_now timestamptz,
  p_last_lane int,
  out items int
)
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  -- Start anywhere, so that no lane is always first; look at no more lanes than the batch can serve.
  v_start   int := 1 + floor(random() * p_last_lane)::int;
  v_limit   int := greatest(p_batch_size, 10);
  v_due     backlog_internal.due_lane[];
  v_pair    backlog_internal.due_lane;
  v_level   int;
  v_sharers int;
  v_take    int;
  v_got     int;
  v_again   boolean;
begin
  items := 0;
  v_due := backlog_internal.due_lanes(v_start, p_last_lane, p_event_types, p_now, v_limit);
  if cardinality(v_due) < v_limit and v_start > 1 then
    v_due := v_due || backlog_internal.due_lanes(
      1, v_start - 1, p_event_types, p_now, v_limit - cardinality(v_due)
    );
  end if;

  -- Higher priorities first; within one priority each lane gets an equal share of what is left.
  for v_level in
    select distinct d.priority from unnest(v_due) as d order by d.priority desc
  loop
    loop
      v_again := false;
      select count(*) into v_sharers from unnest(v_due) as d where d.priority = v_level;
      foreach v_pair in array v_due loop
        continue when v_pair.priority <> v_level;
        v_take := ceil((p_batch_size - items)::numeric / v_sharers);
        v_sharers := v_sharers - 1;
        select c.token, c.items
        into token, v_got
        from backlog_internal.claim_pair(token, p_worker_id, v_take, p_leased_until, p_now, v_pair) as c;
        items := items + v_got;
        v_again := v_again or v_got = v_take;
        exit when items >= p_batch_size;
      end loop;
      exit when not v_again or items >= p_batch_size;
    end loop;
    exit when items >= p_batch_size;
  end loop;
end;
$$;

comment on function backlog_internal.claim_due(
  bigint, text, int, timestamptz, text[], timestamptz, int
) is
  $$Claim due items over all lanes that may run: by priority, then in fair shares, from a random lane on.

Returns the lock token, made at the first item, and the number of items.$$;
