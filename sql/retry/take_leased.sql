create or replace function backlog_internal.take_leased(p_ids bigint[], p_tokens bigint[])
  returns setof backlog_internal.leased_item
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_lease backlog_internal.retry_lease;
  v_taken bigint[];
  v_rest  bigint[];
begin
  for v_lease in
    select s.*
    from backlog_internal.retry_lease as s
    where s.token = any (p_tokens)
    order by s.token, s.lane_id, s.part
    for update
  loop
    select
      array_agg(h.id order by h.place) filter (where w.id is not null),
      array_agg(h.id order by h.place) filter (where w.id is null)
    into v_taken, v_rest
    from unnest(v_lease.ids) with ordinality as h (id, place)
    left join (
      select distinct u.id
      from unnest(p_ids, p_tokens) as u (id, token)
      where u.token = v_lease.token
    ) as w on w.id = h.id;

    continue when v_taken is null;
    if v_rest is null then
      delete from backlog_internal.retry_lease as s
      where s.token = v_lease.token
        and s.lane_id = v_lease.lane_id
        and s.part = v_lease.part;
    else
      update backlog_internal.retry_lease as s
      set ids = v_rest
      where s.token = v_lease.token
        and s.lane_id = v_lease.lane_id
        and s.part = v_lease.part;
    end if;

    return query
    select
      t.id, v_lease.lane_id, v_lease.gate_id, v_lease.token, v_lease.worker_id, v_lease.claimed_at
    from unnest(v_taken) as t (id);
  end loop;
end;
$$;

comment on function backlog_internal.take_leased(bigint[], bigint[]) is
  $$Take items out of the leases that they are under, and return those that were.

Pairs p_ids with p_tokens by position. Locks the leases in the order of their key; a lease that
becomes empty goes.$$;
