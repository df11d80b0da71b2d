create or replace function backlog.run_sql_hooks(p_hook text = null, p_limit int = 100)
  returns table (hook text, delivered bigint, failed bigint)
  language plpgsql
  volatile
  security invoker
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_worker text := 'sql-' || pg_backend_pid();
  v_types  text[] := array(
    select h.event_type
    from backlog.hooks as h
    where h.language = 'sql'
      and h.enabled
      and (p_hook is null or h.name = p_hook)
  );
  v_left   int := p_limit;
  v_item   record;
  v_taken  int;
  v_ids    bigint[];
  v_token  bigint;
  v_good   text[] := array[]::text[];
  v_bad    text[] := array[]::text[];
begin
  if p_hook is not null and v_types = '{}' then
    raise exception using
      errcode = 'PB201',
      message = format('there is no enabled SQL hook %L', p_hook),
      hint = 'See backlog.hooks; backlog.register_sql_hook makes one.';
  end if;

  loop
    v_taken := 0;
    v_ids := array[]::bigint[];
    for v_item in
      select a.id, a.lock_token, a.event_type, a.event_data
      from backlog.acquire_retry_items(
        v_worker, case when v_left > 100 then 100 else v_left end, 300, v_types || array['hook.expand']
      ) as a
    loop
      v_taken := v_taken + 1;
      v_token := v_item.lock_token;
      -- A delivery that fails must not undo the others: only what it did itself.
      begin
        if v_item.event_type = 'hook.expand' then
          perform backlog.expand_deliveries(v_item.id, v_token);
        else
          perform backlog.call_sql_hook(substr(v_item.event_type, 6), v_item.event_data);
          if v_item.event_data -> 'ordered' = 'true' then
            perform backlog.complete_hook_turn(v_item.id, v_worker, v_token);
          else
            v_ids := v_ids || v_item.id;
          end if;
        end if;
        v_good := v_good || substr(v_item.event_type, 6);
      exception
        when others then
          perform backlog.fail_retry_items(array[v_item.id], array[v_token], array[sqlerrm], array[sqlstate]);
          v_bad := v_bad || substr(v_item.event_type, 6);
      end;
    end loop;

    -- Nobody sees these leases before the commit, so nobody can have taken one.
    perform backlog.complete_retry_items(v_ids, array_fill(v_token, array[cardinality(v_ids)]));
    v_left := v_left - v_taken;
    exit when v_taken = 0 or v_left <= 0;
  end loop;

  return query
  select d.name, count(*) filter (where d.is_good), count(*) filter (where not d.is_good)
  from (
    select g.name, true as is_good from unnest(v_good) as g (name)
    union all
    select b.name, false from unnest(v_bad) as b (name)
  ) as d
  group by d.name
  order by d.name;
end;
$$;

comment on function backlog.run_sql_hooks(text, int) is
  $$Deliver what waits for SQL hooks, or for one of them: up to p_limit deliveries. No listener is needed.

Each delivery runs with the rights of the caller and is completed in the same transaction, so what the
function writes happens exactly once; one that fails is undone and retried by the rules. Returns how many
were delivered and failed, by hook; expand is the work that writers left, such as large commits. Call it
from pg_cron or psql as often as deliveries shall be made.

Raises PB201 when p_hook is no enabled SQL hook, PB003 when the limit is not positive.$$;
