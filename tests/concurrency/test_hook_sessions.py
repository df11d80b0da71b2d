"""Writers, listeners and operators of hooks meet: nobody waits for a writer, and nothing is lost or doubled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

import psycopg
import pytest

from support.database import Database
from support.sessions import Session, together

RESET = """
truncate backlog_internal.event, backlog_internal.hook_turn, backlog_internal.hook_head,
  backlog_internal.incident, backlog_internal.failure_count, backlog_internal.critical_rule;
delete from backlog_internal.hook;
delete from backlog_internal.pipeline;
drop schema if exists app cascade;
create schema app;
create table app.log (n bigint generated always as identity, hook text, key text, record jsonb);
create function app.note(p_event jsonb) returns void language sql as $$
  insert into app.log (hook, key, record)
  values (p_event ->> 'hook', p_event ->> 'idempotency_key', p_event -> 'record')
$$;
select backlog.create_pipeline('orders');
"""
SAVE = "select backlog.save_checkpoint('orders', %s::jsonb)"
FAIL = "select backlog.record_incident('orders', '{}', 'lost')"
RUN = "select coalesce(sum(delivered), 0)::int, coalesce(sum(failed), 0)::int from backlog.run_sql_hooks(p_limit => %s)"
WAITING = "select count(*) from backlog.retry_items where event_type like 'hook.%%'"

Open = Callable[..., Session]


@pytest.fixture(autouse=True)
def _no_hooks(queue_db: Database, session: Open) -> Iterator[None]:
    """Begin each test with one pipeline and no hook."""
    with psycopg.connect(queue_db.dsn, autocommit=True) as conn:
        conn.execute(RESET)
    yield


def impatient(session: Session) -> Session:
    """Let a session fail rather than wait for another."""
    session.run("set lock_timeout = '30s'")
    return session


def drain(session: Session, batch: int = 100) -> None:
    """Run SQL hooks until nothing is due and nothing waits."""
    while sum(session.run(RUN, batch)[0]) or session.one(WAITING):
        pass


def test_writers_of_checkpoints_do_not_wait_for_each_other(session: Open) -> None:
    """Same pipeline, same hooks, same key, both in open transactions."""
    one, two = session(), impatient(session())
    one.run("select backlog.register_hook('each', p_mode => 'individual')")
    one.run("select backlog.register_hook('seq', p_mode => 'individual', p_order_key => 'id')")
    one.begin().run(SAVE, '[{"id": 1}]')
    two.begin().run(SAVE, '[{"id": 1}]')
    two.commit()
    one.commit()
    assert one.one("select count(*) from backlog_internal.hook_turn") == 2


def test_failure_statistics_make_nobody_wait(session: Open) -> None:
    """Incidents of one pipeline in open transactions, with a tick between them."""
    one, two, three = session(), impatient(session()), impatient(session())
    three.run(FAIL)
    three.run(FAIL)
    one.begin().run(FAIL)
    two.begin().run(FAIL)
    assert three.one("select (backlog.tick() -> 'failures_rolled_up')::int") == 2
    two.commit()
    assert three.one("select failures from backlog.failure_stats") == 3
    one.rollback()
    assert three.one("select failures from backlog.failure_stats") == 3
    assert three.one("select (backlog.tick() -> 'failures_rolled_up')::int") == 2


def test_a_roll_up_that_meets_readers_and_writers_counts_right(session: Open) -> None:
    """Many writers and a roll-up in a loop: nothing is counted twice or not at all."""
    sessions = [session() for _ in range(4)]

    def work(n: int) -> None:
        for _ in range(30):
            sessions[n].run("select backlog_internal.roll_up_failures()" if n == 0 else FAIL)

    with together(4) as run:
        run(work)
    assert sessions[0].one("select failures from backlog.failure_stats") == 90


def test_registering_a_hook_waits_for_no_writer(session: Open) -> None:
    """What was written before goes to nobody; a hook that starts now does not hear of it."""
    writer, operator = session(), impatient(session())
    writer.begin().run(SAVE, '[{"id": 1}]')
    operator.run("select backlog.register_hook('each', p_mode => 'individual')")
    writer.run(SAVE, '[{"id": 2}]')
    writer.commit()
    assert operator.run("select event_data -> 'record' -> 'id' from backlog.retry_items") == [(2,)]


def test_a_hook_from_the_beginning_gets_each_event_once(session: Open) -> None:
    """Also those of a transaction that was open when the hook was registered."""
    one, two, operator = session(), session(), session()
    two.run(SAVE, '[{"id": 1}]')
    one.begin().run(SAVE, '[{"id": 2}]')
    operator.run(
        "select backlog.register_sql_hook('each', 'app.note(jsonb)', p_mode => 'individual', p_start => 'beginning')"
    )
    two.run(SAVE, '[{"id": 3}]')
    one.run(SAVE, '[{"id": 4}]')
    for _ in range(3):
        operator.run(RUN, 100)
    early = operator.run("select (record -> 'id')::int from app.log")
    assert early == [(3,)], "the past waits for the writer"
    two.run(SAVE, '[{"id": 5}]')
    one.commit()
    drain(operator)
    assert sorted(operator.run("select (record -> 'id')::int from app.log")) == [(n,) for n in range(1, 6)]


def test_disabling_waits_for_no_delivery(session: Open) -> None:
    """One in progress may finish; one that is being written is held."""
    writer, worker, operator = session(), session(), impatient(session())
    operator.run("select backlog.register_hook('each', p_mode => 'individual')")
    worker.run(SAVE, '[{"id": 1}]')
    ((item, token),) = worker.run("select id, lock_token from backlog.acquire_retry_items('w')")
    writer.begin().run(SAVE, '[{"id": 2}]')
    operator.run("select backlog.disable_hook('each', 'noisy')")
    writer.commit()
    worker.run("select backlog.complete_retry_item(%s, 'w', %s)", item, token)
    assert worker.run("select id from backlog.acquire_retry_items('w')") == []
    operator.run("select backlog.enable_hook('each')")
    assert len(worker.run("select id from backlog.acquire_retry_items('w')")) == 1


def test_dropping_a_hook_fails_no_writer(session: Open) -> None:
    """A transaction that still saw the hook commits; the next tick cancels its deliveries."""
    writer, operator = session(), impatient(session())
    operator.run("select backlog.register_hook('each', p_mode => 'individual')")
    operator.run("select backlog.register_hook('seq', p_mode => 'individual', p_order_key => 'id')")
    writer.begin().run(SAVE, '[{"id": 1}]')
    operator.run("select backlog.drop_hook('each'), backlog.drop_hook('seq')")
    writer.commit()
    assert operator.one("select (backlog.tick() -> 'orphans_cancelled')::int") == 2
    assert operator.one("select count(*) from backlog.retry_items where event_type <> 'hook.expand'") == 0


def test_a_turn_that_is_committed_while_the_one_before_ends(session: Open) -> None:
    """Neither saw it: not the worker, nor who worked off the writer's note. The worker left one as well."""
    writer, worker, dispatcher = session(), session(), session()
    worker.run("select backlog.register_hook('seq', p_mode => 'individual', p_order_key => 'id')")
    worker.run(SAVE, '[{"id": 1, "n": 1}]')
    note = "select backlog.expand_deliveries(id, lock_token) from backlog.acquire_retry_items('d', 1, 300, '{hook.expand}')"
    dispatcher.run(note)
    claim = "select id, lock_token, event_data -> 'record' -> 'n' from backlog.acquire_retry_items('w', 1, 300, '{hook.seq}')"
    ((item, token, _),) = worker.run(claim)
    worker.begin().run("select backlog.complete_hook_turn(%s, 'w', %s)", item, token)
    writer.run(SAVE, '[{"id": 1, "n": 2}]')
    assert dispatcher.run(note) == [(False,)]
    assert dispatcher.run(claim) == []
    worker.commit()
    assert dispatcher.run(note) == [(False,)]
    ((_, _, n),) = worker.run(claim)
    assert n == 2


def test_order_holds_with_many_writers_and_dispatchers(session: Open) -> None:
    """Each writer's records of a key arrive in its order, once each, without any tick."""
    writers = [session() for _ in range(3)]
    dispatchers = [session() for _ in range(2)]
    writers[0].run(
        "select backlog.register_sql_hook('seq', 'app.note(jsonb)', p_mode => 'individual', p_order_key => 'id')"
    )
    left = [len(writers)]

    def work(n: int) -> None:
        if n < len(writers):
            for place in range(40):
                writers[n].run(SAVE, f'[{{"id": {place % 3}, "writer": {n}, "n": {place}}}]')
            left[0] -= 1
        else:
            me = dispatchers[n - len(writers)]
            while left[0] or me.one(WAITING):
                me.run(RUN, 10)

    with together(5) as run:
        run(work)
    arrived = defaultdict(list)
    for writer, key, n in writers[0].run(
        "select record -> 'writer', record -> 'id', record -> 'n' from app.log order by n"
    ):
        arrived[writer, key].append(n)
    assert {each: sorted(places) for each, places in arrived.items()} == arrived
    assert sum(map(len, arrived.values())) == 120
    assert writers[0].one("select count(*) from backlog_internal.hook_turn") == 0
    assert writers[0].one("select count(*) from backlog_internal.hook_head") == 0


def test_a_large_commit_is_expanded_by_two_at_once(session: Open) -> None:
    """Every record is delivered once to each hook, although both take slices."""
    one, two = session(), session()
    one.run("select backlog.register_sql_hook('a', 'app.note(jsonb)', p_mode => 'individual')")
    one.run("select backlog.register_sql_hook('b', 'app.note(jsonb)', p_mode => 'individual')")
    one.run(
        "select backlog.save_checkpoint('orders', "
        "(select jsonb_agg(jsonb_build_object('n', n)) from generate_series(1, 3500) as n))"
    )
    both = [one, two]

    def work(n: int) -> None:
        while both[n].one(WAITING):
            both[n].run(RUN, 50)

    with together(2) as run:
        run(work)
    assert one.run("select hook, count(*), count(distinct key) from app.log group by 1 order by 1") == [
        ("a", 3500, 3500), ("b", 3500, 3500),
    ]


def test_a_replay_does_not_disturb_what_is_live(session: Open) -> None:
    """A replay in an open transaction holds up neither writers nor deliveries."""
    operator, writer = session(), impatient(session())
    writer.run("select backlog.register_sql_hook('each', 'app.note(jsonb)', p_mode => 'individual')")
    writer.run(SAVE, '[{"id": 1}]')
    drain(writer)
    operator.begin().run("select * from backlog.replay_events(p_from => '2000-01-01')")
    writer.run(SAVE, '[{"id": 2}]')
    assert writer.run(RUN, 100) == [(1, 0)]
    operator.commit()
    drain(writer)
    keys = [row[0] for row in writer.run("select key from app.log order by n")]
    assert len(keys) == 3
    assert keys[0] == keys[2] != keys[1]


def test_a_key_that_somebody_is_at_is_called_later(session: Open) -> None:
    """The first turn of a key, while another session makes the same call and has not committed."""
    one, two = session(), session()
    one.run("select backlog.register_hook('seq', p_mode => 'individual', p_order_key => 'id')")
    one.run(SAVE, '[{"id": 1}]')
    hook = one.one("select hook_id from backlog_internal.hook")
    task = "select backlog_internal.run_task(jsonb_build_object('task', 'turns', 'hook_id', %s, 'keys', array['1']))"
    one.run("begin")
    one.run(task, hook)
    left = two.one(task, hook)
    assert (left["task"], left["keys"], "run_at" in left) == ("turns", ["1"], True)
    one.run("rollback")
    assert two.one(task, hook) is None
    assert two.one("select count(*) from backlog_internal.hook_head") == 1
