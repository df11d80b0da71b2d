begin;
select plan(3);
set local test.now = '2030-01-01 12:00:00+00';

select is(
  backlog_internal.retry_status(),
  '{"pending": 0, "processing": 0, "dead_letters": 0, "completed_today": 0, "failed_attempts_today": 0, "died_today": 0,
    "success_percent": null, "processing_seconds_p50": null, "processing_seconds_p95": null, "errors": []}',
  'an empty queue'
);
select count(*) from backlog.enqueue_retry_batch('mail', '[1, 2, 3, 4, 5, 6]', p_max_retries => 2);
set local test.now = '2030-01-01 12:00:01+00';
create temp table taken as select row_number() over (order by t.id) as n, t.* from backlog.acquire_retry_items('w', 5) as t;
set local test.now = '2030-01-01 12:00:03+00';
select backlog.complete_retry_item(t.id, 'w', t.lock_token) from taken as t where t.n <= 2;
select backlog.fail_retry_item(t.id, 'w', 'no route', 'E1', t.lock_token) from taken as t where t.n = 3;
select backlog.fail_retry_item(t.id, 'w', 'bad data', '22012', t.lock_token) from taken as t where t.n = 4;
select is(
  backlog_internal.retry_status(),
  '{"pending": 2, "processing": 1, "dead_letters": 1, "completed_today": 2, "failed_attempts_today": 2, "died_today": 1,
    "success_percent": 50.0, "processing_seconds_p50": 2.000, "processing_seconds_p95": 2.000, "errors": [
      {"event_type": "mail", "error_code": "22012", "error": "bad data", "items": 1, "status": "dead_letter"},
      {"event_type": "mail", "error_code": "E1", "error": "no route", "items": 1, "status": "retrying"}]}',
  'what waits, what runs, what failed and why, what was done'
);
set local test.now = '2030-01-02 00:00:00+00';
select is(
  backlog_internal.retry_status() - 'errors',
  '{"pending": 2, "processing": 1, "dead_letters": 1, "completed_today": 0, "failed_attempts_today": 0, "died_today": 0,
    "success_percent": null, "processing_seconds_p50": null, "processing_seconds_p95": null}',
  'a new day (UTC) begins at zero; what waits stays'
);
select * from finish();
rollback;
