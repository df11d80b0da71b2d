create or replace function backlog_internal.repair_keys(p_backfill backlog_internal.backfill)
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_ids  bigint[];
  v_keys bigint := 0;
begin
  if p_backfill.kind = 'table' then
    with known as (
      delete from backlog_internal.backfill_difference as d
      using backlog_internal.backfill_chunk as c
      where c.chunk_id = d.chunk_id
        and c.backfill_id = p_backfill.backfill_id
      returning d.key
    )
    insert into backlog_internal.backfill_touched (backfill_id, key)
    select p_backfill.backfill_id, k.key from known as k;
    get diagnostics v_keys = row_count;
    if v_keys > 0 then
      perform backlog_internal.check_backfill_rights(
        p_backfill.target_table, 'DELETE', p_backfill.created_by::name
      );
      perform backlog_internal.add_touched_chunk(p_backfill.backfill_id);
    end if;
    return v_keys;
  end if;

  loop
    v_ids := array(
      select d.difference_id
      from backlog_internal.backfill_difference as d
      join backlog_internal.backfill_chunk as c on c.chunk_id = d.chunk_id
      where c.backfill_id = p_backfill.backfill_id
        and d.repair_chunk_id is null
      order by d.difference_id
      limit least(p_backfill.batch_size, 5000)
    );
    exit when cardinality(v_ids) = 0;
    perform backlog_internal.add_repair_chunk(p_backfill.backfill_id, v_ids);
    v_keys := v_keys + cardinality(v_ids);
  end loop;
  return v_keys;
end;
$$;

comment on function backlog_internal.repair_keys(backlog_internal.backfill) is
  $$Make chunks of the keys that differ, to be copied again; return how many keys.

Raises 42501 when the right to delete is missing.$$;
