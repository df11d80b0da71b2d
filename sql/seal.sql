-- Everything above is what this version ships: drop what earlier versions shipped besides.
select backlog_internal.seal_objects();
