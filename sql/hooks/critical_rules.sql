create or replace view backlog.critical_rules as
select r.name, r.predicate, r.pipelines, r.created_by, r.created_at
from backlog_internal.critical_rule as r;

comment on view backlog.critical_rules is
  $$List the rules that say which failed records are critical; backlog.set_critical_rule makes one.$$;
