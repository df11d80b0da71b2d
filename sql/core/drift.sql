create or replace view backlog.drift as
select
  coalesce(live.kind, shipped.kind) as kind,
  coalesce(live.object, shipped.object) as object,
  case
    when shipped.object is null then 'extra'
    when live.object is null then 'missing'
    else 'changed'
  end as problem
from backlog_internal.live_objects() as live
full join backlog_internal.fingerprint as shipped
  on shipped.kind = live.kind
  and shipped.object = live.object
where (
    shipped.object is null
    -- An index or constraint that an administrator added does no harm.
    and live.kind in ('function', 'view', 'trigger')
  )
  or live.object is null
  or (
    live.md5 <> shipped.md5
    -- Another major version may print the same definition in other words.
    and (
      select r.server_version_num / 10000
      from backlog_internal.release as r
      order by r.release_id desc
      limit 1
    ) = current_setting('server_version_num')::integer / 10000
  );

comment on view backlog.drift is
  $$List what is missing, changed or extra compared with what was shipped; empty when all is well.

After an upgrade of the server to another major version, changes show again once pgbacklog migrate
has been run.$$;
comment on column backlog.drift.kind is 'Kind of object: function, view, trigger, table, constraint or index.';
comment on column backlog.drift.object is 'Qualified name; functions with their argument types.';
comment on column backlog.drift.problem is 'missing, changed or extra.';
