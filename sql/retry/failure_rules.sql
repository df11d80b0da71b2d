create or replace view backlog.failure_rules as
select
  r.name, r.event_type, r.code_like, r.message_pattern, r.action, r.delay_seconds, r.position, r.shipped
from backlog_internal.failure_rule as r
order by r.event_type is null, r.position, r.failure_rule_id;

comment on view backlog.failure_rules is
  $$List the failure rules in the order in which they are tried; the first that matches decides.$$;
