"""Producers and claimers meet: every item is claimed once, and none is overlooked."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.listening import eventually
from support.sessions import Session, sqlstate, together

T0 = "2030-01-01 12:00:00+00"
T1 = "2030-01-01 12:00:01+00"
T2 = "2030-01-01 12:00:02+00"
T3 = "2030-01-01 12:00:03+00"
FILL = "select count(*) from backlog.enqueue_retry_batch('mail', (select jsonb_agg(n) from generate_series(1, %s) as n))"
CLAIM = "select id from backlog.acquire_retry_items(%s, %s, 300)"
ENQUEUE = "select id from backlog.enqueue_retry_item('mail')"
UNIQUE = "select id from backlog.enqueue_retry_item('mail', p_dedupe_key => 'k')"

Open = Callable[..., Session]


def make_lane(session: Session) -> None:
    """Use the lane once: its first use holds others up until the producer commits."""
    session.run("select backlog.cancel_retry_item(id) from backlog.enqueue_retry_item('mail')")


def claimed(session: Session, batch: int = 10) -> list[int]:
    """Claim a batch and return its ids."""
    return [row[0] for row in session.run(CLAIM, f"w{session.pid}", batch)]


def test_two_claims_at_once_are_disjoint(session: Open) -> None:
    """The second claim skips what the first has and does not wait."""
    one, two = session(T0), session(T1)
    one.run(FILL, 15)
    first = claimed(one.at(T1).begin())
    second = claimed(two)
    one.commit()
    assert (len(first), len(second)) == (10, 5)
    assert not set(first) & set(second)


@pytest.mark.parametrize("batch", [1, 7, 200])
def test_many_workers_claim_each_item_once(session: Open, batch: int) -> None:
    """Nothing is claimed twice and nothing is left, whatever the batch size."""
    total = 100 if batch == 1 else 1500
    sessions = [session() for _ in range(6)]
    sessions[0].run(FILL, total)

    def work(n: int) -> list[int]:
        mine: list[int] = []
        while got := claimed(sessions[n], batch):
            mine += got
        return mine

    with together(6) as run:
        ids = [item for mine in run(work) for item in mine]
    ids += claimed(sessions[0], 1000)  # a claim may come back empty while another is at work
    assert len(ids) == total
    assert len(set(ids)) == total


@pytest.mark.parametrize("batch", [1, 10, 1000])
def test_items_of_a_claim_that_rolls_back_are_claimed_again(session: Open, batch: int) -> None:
    """A claimer's crash before its commit leaves the items where they were."""
    one, two = session(T0), session(T1)
    one.run(FILL, 3 * batch)
    lost = claimed(one.at(T1).begin(), batch)
    others = claimed(two, 2 * batch)
    assert len(lost) == batch
    assert not set(lost) & set(others)
    one.rollback()
    rest = claimed(two.at(T2), 3 * batch) + claimed(two, 3 * batch)
    assert set(lost) <= set(rest)
    assert len(others) + len(rest) == 3 * batch


def test_a_claim_that_rolls_back_below_marks_that_moved_on(session: Open) -> None:
    """Others have drained far past the items; the next claim that falls short finds them."""
    one, two = session(T0), session(T1)
    one.run(FILL, 5000)
    lost = claimed(one.at(T1).begin(), 1000)
    while len(claimed(two, 1000)) == 1000:
        pass
    one.rollback()
    assert set(claimed(two.at(T2), 1000)) == set(lost)


def test_a_late_commit_is_claimed_at_once(session: Open) -> None:
    """A producer that was slow to commit is below the mark by then; its item is not lost.

    The clock stands still: no sweep finds it, only that the transactions which ran with it have ended,
    those of other databases too.
    """
    producer, worker = session(T0), session(T1)
    make_lane(worker)
    ((late,),) = producer.begin().run(ENQUEUE)
    worker.run(FILL, 4000)
    worker.at(T2)
    for _ in range(4):
        assert len(claimed(worker, 1000)) == 1000
    assert claimed(worker, 1000) == []
    producer.commit()
    worker.at(T3)
    assert eventually(lambda: claimed(worker)) == [late]


def test_late_commits_one_after_another(session: Open) -> None:
    """Each of several slow producers is found, in whatever order they commit."""
    producers = [session() for _ in range(5)]
    worker = session(T0)
    make_lane(worker)
    late = []
    for n, producer in enumerate(producers):
        late.append(producer.at(f"2030-01-01 12:00:1{n}.1+00").begin().run(ENQUEUE)[0][0])
        worker.at(f"2030-01-01 12:00:1{n}.2+00").run(FILL, 1000)
        worker.at(f"2030-01-01 12:00:1{n}.3+00")
        assert len(claimed(worker, 1000)) == 1000
    for minute, n in enumerate((3, 0, 4, 1, 2), start=1):
        producers[n].commit()
        worker.at(f"2030-01-01 12:0{minute}:00+00")
        assert claimed(worker, 1000) == [late[n]]


def test_a_late_commit_while_an_old_transaction_has_an_id(session: Open) -> None:
    """The mark cannot settle then and stays a second behind, for producers that are not slower."""
    holder, producer, worker = session(T0), session(T0), session(T0)
    make_lane(worker)
    holder.begin().run("select pg_current_xact_id()")
    ((late,),) = producer.begin().run(ENQUEUE)
    worker.run(FILL, 4000)
    worker.at("2030-01-01 12:00:00.9+00")
    for _ in range(4):
        assert len(claimed(worker, 1000)) == 1000
    producer.commit()
    assert claimed(worker.at(T3)) == [late]
    holder.rollback()


def test_a_very_late_commit_while_an_old_transaction_has_an_id(session: Open) -> None:
    """Far below the mark it takes the sweep, ten seconds at most after the last one."""
    holder, producer, worker = session(T0), session(T0), session(T0)
    make_lane(worker)
    holder.begin().run("select pg_current_xact_id()")
    ((late,),) = producer.begin().run(ENQUEUE)
    for minute in range(1, 6):
        worker.at(f"2030-01-01 12:0{minute}:00+00").run(FILL, 1000)
        worker.at(f"2030-01-01 12:0{minute}:01+00")
        assert len(claimed(worker, 1000)) == 1000
        assert claimed(worker, 1000) == []
    producer.commit()
    assert claimed(worker.at("2030-01-01 12:05:12+00")) == [late]
    holder.rollback()


def test_a_late_commit_of_another_priority_and_lane(session: Open) -> None:
    """Each lane and priority has a mark of its own."""
    producer, worker = session(T0), session(T1)
    make_lane(producer)
    producer.run("select backlog.cancel_retry_item(id) from backlog.enqueue_retry_item('mail', p_priority => 9)")
    producer.run("select backlog.cancel_retry_item(id) from backlog.enqueue_retry_item('post')")
    ((high,),) = producer.begin().run("select id from backlog.enqueue_retry_item('mail', p_priority => 9)")
    ((other,),) = producer.run("select id from backlog.enqueue_retry_item('post')")
    worker.run(FILL, 2000)
    worker.at(T2)
    claimed(worker, 1000)
    claimed(worker, 1000)
    producer.commit()
    assert sorted(claimed(worker.at(T3))) == [high, other]


def test_a_clock_that_was_set_back(session: Open) -> None:
    """Items of the second past are found by the next tick, long before the clock is back."""
    worker = session("2030-01-01 15:00:00+00")
    worker.run(FILL, 3000)
    worker.at("2030-01-01 15:00:01+00")
    for _ in range(3):
        claimed(worker, 1000)
    worker.at("2030-01-01 13:00:00+00")
    ((item,),) = worker.run(ENQUEUE)
    worker.at("2030-01-01 13:00:01+00").run("select backlog.tick()")
    assert claimed(worker) == [item]


def test_a_retry_below_a_mark_that_moved(session: Open) -> None:
    """An item that fails without a pause comes back above the mark."""
    worker = session(T0)
    worker.run("select backlog.set_retry_policy('mail', p_backoff_kind => 'none', p_max_retries => 9)")
    worker.run(FILL, 2000)
    rows = worker.at(T1).run(
        "select id, lock_token from backlog.acquire_retry_items('w', 1000)"
    )
    claimed(worker, 1000)
    worker.at(T2).run(
        "select count(*) from backlog.fail_retry_items(%s, %s, %s)",
        [r[0] for r in rows], [r[1] for r in rows], ["x"] * 1000,
    )
    assert sorted(claimed(worker.at(T3), 1000)) == sorted(r[0] for r in rows)


def test_one_dedupe_key_from_two_producers(session: Open) -> None:
    """The second waits for the first and gets the same item."""
    one, two = session(T0), session(T0)
    one.run(ENQUEUE)  # the lane
    ((item,),) = one.begin().run(UNIQUE)
    late = two.start_blocked(UNIQUE)
    one.commit()
    assert late.result(60) == [(item,)]


def test_one_dedupe_key_when_the_first_producer_rolls_back(session: Open) -> None:
    """Then the second inserts."""
    one, two = session(T0), session(T0)
    one.run(ENQUEUE)
    ((item,),) = one.begin().run(UNIQUE)
    late = two.start_blocked(UNIQUE)
    one.rollback()
    assert late.result(60) != [(item,)]
    assert one.one("select count(*) from backlog.retry_items where dedupe_key = 'k'") == 1


@pytest.mark.parametrize("way", ["skip", "replace"])
def test_batches_of_the_same_keys_in_opposite_orders_do_not_deadlock(
    session: Open, way: str
) -> None:
    """Keys are taken in their order."""
    sessions = [session(T0), session(T0)]
    sessions[0].run(ENQUEUE)
    batch = """select count(*) from backlog.enqueue_retry_items((
      select jsonb_agg(jsonb_build_object('event_type', 'mail', 'dedupe_key', n) order by n * %s)
      from generate_series(1, 100) as n), %s)"""
    with together(2) as run:
        for _ in range(5):
            assert run(lambda n: sessions[n].one(batch, 1 - 2 * n, way)) == [100, 100]
    assert sessions[0].one("select count(*) from backlog.retry_items where dedupe_key is not null") == 100


def test_two_producers_make_the_same_lane(session: Open) -> None:
    """The second waits and uses the lane of the first."""
    one, two = session(T0), session(T0)
    one.begin().run(ENQUEUE)
    late = two.start_blocked(ENQUEUE)
    one.commit()
    late.result(60)
    assert one.one("select count(*) from backlog_internal.retry_lane") == 1
    assert len(claimed(one.at(T1))) == 2


def test_a_pause_covers_a_lane_that_is_being_made(session: Open) -> None:
    """A producer's first item of an event type cannot slip past a pause."""
    producer, operator = session(T0), session(T0)
    producer.begin().run(ENQUEUE)
    pause = operator.start("select backlog.pause_event_type('mail')")
    eventually(lambda: pause.done() or operator.blocked())
    producer.commit()
    pause.result(60)
    assert claimed(producer.at(T1)) == []


def test_a_limit_covers_a_lane_that_is_being_made(session: Open) -> None:
    """Nor past a limit."""
    producer, operator = session(T0), session(T0)
    producer.begin().run(FILL, 5)
    limit = operator.start("select backlog.set_retry_policy('mail', p_concurrency_limit => 2)")
    eventually(lambda: limit.done() or operator.blocked())
    producer.commit()
    limit.result(60)
    assert len(claimed(producer.at(T1))) == 2


def test_two_changes_of_one_policy(session: Open) -> None:
    """The second waits for the first, and neither is lost."""
    one, two = session(T0), session(T0)
    one.begin().run("select backlog.set_retry_policy('mail', p_max_retries => 7)")
    late = two.start_blocked("select backlog.set_retry_policy('mail', p_jitter => 0.5)")
    one.commit()
    assert sqlstate(late) is None
    assert one.run("select max_retries, jitter::float from backlog.retry_policies where event_type = 'mail'") == [(7, 0.5)]


def test_a_concurrency_limit_holds_for_all_sessions(session: Open) -> None:
    """However many claim at once, no more are under lease than allowed."""
    sessions = [session() for _ in range(6)]
    boss, watch = sessions[0], session()
    boss.run("select backlog.set_retry_policy('mail', p_concurrency_limit => 5)")
    boss.run(FILL, 200)
    most: list[int] = []

    def work(n: int) -> int:
        done = 0
        while boss_left() > 0:
            rows = sessions[n].run(
                "select id, lock_token from backlog.acquire_retry_items(%s, 3)", f"w{n}"
            )
            if rows:
                most.append(
                    sessions[n].one(
                        "select sum(cardinality(ids))::int from backlog_internal.retry_lease"
                    )
                )
                sessions[n].run(
                    "select backlog.complete_retry_items(%s, %s)",
                    [r[0] for r in rows], [r[1] for r in rows],
                )
                done += len(rows)
        return done

    def boss_left() -> int:
        with watch_lock:
            return watch.one("select count(*) from backlog.retry_items")

    import threading

    watch_lock = threading.Lock()
    with together(6) as run:
        assert sum(run(work)) == 200
    assert 1 <= max(most) <= 5


def test_a_rate_limit_holds_for_all_sessions(session: Open) -> None:
    """With the clock standing still, all workers together get one bucket."""
    sessions = [session(T1) for _ in range(6)]
    boss = sessions[0]
    boss.at(T0).run("select backlog.set_retry_policy('mail', p_rate_limit_per_second => 1, p_rate_limit_burst => 25)")
    boss.run(FILL, 100)
    boss.at(T1)

    def work(n: int) -> int:
        return sum(len(claimed(sessions[n], 3)) for _ in range(20))

    with together(6) as run:
        got = sum(run(work))
    got += sum(len(claimed(boss, 3)) for _ in range(10))
    assert got == 25


def test_claims_at_one_gate_do_not_wait(session: Open) -> None:
    """While one claims at a limit, another passes it by and works elsewhere."""
    one, two = session(T0), session(T1)
    one.run("select backlog.set_retry_policy('mail', p_concurrency_limit => 50)")
    one.run(FILL, 10)
    one.run("select backlog.enqueue_retry_item('free')")
    assert len(claimed(one.at(T1).begin(), 5)) == 5
    assert len(claimed(two)) in (0, 1)
    one.commit()
    assert one.one("select count(*) from backlog.retry_items where status = 'processing'") >= 5


def test_rescuers_at_two_gates_do_not_deadlock(session: Open) -> None:
    """A session that is inside one gate rescues leases of another without waiting for its gate."""
    one, two = session(T0), session(T0)
    for name in ("a", "b"):
        one.run("select backlog.set_retry_policy(%s, p_concurrency_limit => 9, p_breaker_threshold => 99)", name)
        one.run("select backlog.enqueue_retry_item(%s) from generate_series(1, 3)", name)
    claim = "select id from backlog.acquire_retry_items(%s, 1, %s, array[%s])"
    # A lease of gate b runs out at 12:01, one of gate a at 12:02.
    one.at(T1).run(claim, "w", 59, "b")
    one.run(claim, "w", 119, "a")
    one.begin().run(claim, "one", 300, "a")
    two.at(T1).begin().run(claim, "two", 300, "b")
    rescue = "select backlog_internal.rescue_leases(1, %s)"
    first = one.start(rescue, "2030-01-01 12:01:30+00")
    eventually(lambda: first.done() or one.blocked())
    second = two.start(rescue, "2030-01-01 12:02:30+00")
    eventually(lambda: second.done() or two.blocked())
    assert sqlstate(second) is None
    two.commit()
    assert sqlstate(first) is None
    one.commit()
    one.at("2030-01-01 12:03:00+00").run("select backlog.tick()")
    assert one.one("select count(*) from backlog.retry_items where retry_count = 1") == 2


def test_two_ticks_at_once(session: Open) -> None:
    """The second has nothing to add and does not wait."""
    one, two = session(T0), session(T0)
    assert one.begin().one("select backlog.tick() ->> 'busy'") == "false"
    assert two.one("select backlog.tick() ->> 'busy'") == "true"
    one.commit()
    assert two.one("select backlog.tick() ->> 'busy'") == "false"


def test_retention_does_not_wait_for_a_workers_transaction(session: Open) -> None:
    """Dropping a day needs the whole table; a worker that has just written to it is not held up."""
    worker, keeper, other = session(T0), session("2030-02-01 00:00:00+00"), session(T1)
    worker.run("select backlog_internal.ensure_history_partitions()")
    worker.run(ENQUEUE)
    other.run(ENQUEUE)
    worker.begin().run("select backlog.cancel_retry_item(min(id)) from backlog.retry_items")
    keep = keeper.start("select backlog.cleanup_retry_queue()")
    assert sqlstate(keep) is None, "it waited"
    other.run("select backlog.cancel_retry_item(max(id)) from backlog.retry_items")
    worker.commit()
    assert keeper.one("select backlog.cleanup_retry_queue()") == 2
    assert keeper.one("select to_regclass('backlog_internal.retry_history_20300101')") is None


def test_producers_notify_only_while_a_listener_sleeps(session: Open) -> None:
    """A busy system pays nothing for notifications; a sleeping listener hears of new work."""
    listener, producer = session(), session()
    listener.run("listen backlog_work")

    def heard(seconds: float = 5) -> int:
        return len(list(listener.conn.notifies(timeout=seconds, stop_after=1)))

    producer.run(ENQUEUE)
    assert heard(0.2) == 0
    assert listener.one("select backlog.announce_idle('l', null, 5)") == 0
    producer.begin().run(ENQUEUE)
    producer.run(ENQUEUE)
    assert heard(0.2) == 0  # not before the commit
    producer.commit()
    notified = list(listener.conn.notifies(timeout=60, stop_after=1))
    assert [(n.channel, n.payload) for n in notified] == [("backlog_work", "")]
    assert heard(0.2) == 0  # once per transaction
    listener.run("select backlog.announce_busy('l')")
    producer.run(ENQUEUE)
    assert heard(0.2) == 0
