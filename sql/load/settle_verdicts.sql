create or replace function backlog_internal.settle_verdicts(
  p_load_id bigint,
  p_table backlog_internal.pipeline_table
)
  returns text[]
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_actions text[] := array(
    select distinct v.action
    from backlog_internal.load_verdict as v
    where v.load_id = p_load_id
      and v.pipeline_table_id = p_table.pipeline_table_id
      and not v.settled
  );
begin
  if v_actions = '{}' then
    return v_actions;
  end if;
  if 'refuse_load' = any (v_actions) then
    perform backlog_internal.refuse_load(
      p_load_id, format('foreign key violation in %s', p_table.name), 'refuse_load'
    );
  end if;

  perform backlog_internal.quarantine_rows(p_load_id, p_table);

  -- A condemned item takes all its rows along, in every table: the query for rows skips them.
  update backlog_internal.staged_item as s
  set problem = v.problem
  from (
    select
      v.item_id,
      (array_agg(format('%s: %s', p_table.name, concat_ws(': ', v.column_name, v.message)) order by v.row_id))[1]
        || format(' (%s violations)', count(*)) as problem
    from backlog_internal.load_verdict as v
    where v.load_id = p_load_id
      and v.pipeline_table_id = p_table.pipeline_table_id
      and v.action = 'dead_letter_item'
      and not v.settled
    group by v.item_id
  ) as v
  where s.item_id = v.item_id
    and s.load_id = p_load_id
    and s.problem is null;
  if found then
    perform backlog_internal.note_partial_sets(p_load_id, 'a page is a dead letter');
  end if;

  perform backlog_internal.remove_judged(p_load_id, p_table);
  return v_actions;
end;
$$;

comment on function backlog_internal.settle_verdicts(bigint, backlog_internal.pipeline_table) is
  $$Do what the policies say about the rows of one table that were just judged: quarantine or park them,
drop older copies, condemn items. Return the actions taken.

Raises PB104 when a policy refuses the load.$$;
