-- Everything above is what this version ships: drop what earlier versions shipped besides, and say
-- of the columns of views what was said of the tables.
select backlog_internal.seal_objects();
select backlog_internal.describe_views();
