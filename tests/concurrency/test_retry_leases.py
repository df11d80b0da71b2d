"""Two sessions meet at a lease: whoever comes second learns what has become of it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import psycopg
import pytest

from support.sessions import Session, sqlstate, together

START = "2030-01-01 12:00:00+00"
WORK = "2030-01-01 12:00:01+00"
NEXT = "2030-01-01 12:00:02+00"
LATE = "2030-01-01 13:00:00+00"
ACQUIRE = "select id, lock_token from backlog.acquire_retry_items(%s, %s, %s)"
COMPLETE = "select backlog.complete_retry_item(%s, %s, %s)"
FAIL = "select backlog.fail_retry_item(%s, %s, 'broken', null, %s)"
CANCEL = "select backlog.cancel_retry_item(%s)"
RESCUE = "select backlog_internal.rescue_leases(100, backlog_internal.clock())"
EXTEND = "select backlog.extend_lease(%s, %s, 7200)"
RELEASE = "select backlog.release_retry_item(%s, %s, %s)"
REPLACE = """select outcome from backlog.enqueue_retry_items(
    '[{"event_type": "mail", "dedupe_key": "k"}]', 'replace')"""
STATE = """select coalesce(
    (select status from backlog.retry_items where id = %(id)s),
    (select outcome from backlog.retry_history where id = %(id)s order by finished_at desc limit 1))"""

Open = Callable[..., Session]


def leased(session: Open, key: str | None = None) -> tuple[Session, Session, int, int]:
    """Return two sessions and an item that worker `w` has under a lease of a minute."""
    one, two = session(START), session(START)
    one.run("select backlog.enqueue_retry_item('mail', p_dedupe_key => %s)", key)
    one.at(WORK)
    ((item, token),) = one.run(ACQUIRE, "w", 1, 60)
    two.at(NEXT)
    return one, two, item, token


def state(session: Session, item: int) -> str:
    """Return the item's status, or its last outcome."""
    return session.conn.execute(STATE, {"id": item}).fetchone()[0]


def in_one_place(session: Session) -> bool:
    """Tell whether every item waits once or is under one lease."""
    return session.one(
        """select not exists (
          select i.id, count(x.id)
          from backlog_internal.retry_item as i
          left join (
            select r.id from backlog_internal.retry_ready as r
            union all select u.id from backlog_internal.retry_lease as s, unnest(s.ids) as u (id)
          ) as x on x.id = i.id
          group by i.id having count(x.id) <> 1
        )"""
    )


def test_complete_before_rescue(session: Open) -> None:
    """A worker that is completing at this moment wins over the rescue."""
    worker, rescuer, item, token = leased(session)
    worker.begin().run(COMPLETE, item, "w", token)
    assert rescuer.at(LATE).one(RESCUE) == 0
    worker.commit()
    assert state(worker, item) == "completed"


def test_rescue_before_complete(session: Open) -> None:
    """A worker that comes after the rescue learns that its lease is lost."""
    worker, rescuer, item, token = leased(session)
    assert rescuer.at(LATE).begin().one(RESCUE) == 1
    late = worker.start_blocked(COMPLETE, item, "w", token)
    rescuer.commit()
    assert sqlstate(late) == "PB001"
    assert state(rescuer, item) == "pending"


def test_a_rescue_that_rolls_back_leaves_the_lease(session: Open) -> None:
    """Until the rescue commits, the worker still has its items."""
    worker, rescuer, item, token = leased(session)
    rescuer.at(LATE).begin().one(RESCUE)
    late = worker.start_blocked(COMPLETE, item, "w", token)
    rescuer.rollback()
    assert sqlstate(late) is None
    assert state(worker, item) == "completed"


def test_rescue_against_rescue(session: Open) -> None:
    """Two rescuers do not wait for each other and free each item once."""
    one, two, item, _ = leased(session)
    assert one.at(LATE).begin().one(RESCUE) == 1
    assert two.at(LATE).one(RESCUE) == 0
    one.commit()
    assert in_one_place(one)
    assert state(one, item) == "pending"


def test_extend_before_rescue(session: Open) -> None:
    """A heartbeat on its way keeps the items."""
    worker, rescuer, item, token = leased(session)
    worker.at(LATE).begin().run(EXTEND, token, "w")
    assert rescuer.at(LATE).one(RESCUE) == 0
    worker.commit()
    assert rescuer.one(RESCUE) == 0
    assert state(worker, item) == "processing"


def test_rescue_before_extend(session: Open) -> None:
    """A heartbeat that comes after the rescue fails."""
    worker, rescuer, item, token = leased(session)
    rescuer.at(LATE).begin().one(RESCUE)
    late = worker.start_blocked(EXTEND, token, "w")
    rescuer.commit()
    assert sqlstate(late) == "PB001"
    assert state(worker, item) == "pending"


def test_extend_while_the_batch_shrinks(session: Open) -> None:
    """A heartbeat waits for an ack of the same batch and then extends the rest."""
    one, two = session(START), session(WORK)
    one.run("select backlog.enqueue_retry_item('mail') from generate_series(1, 2)")
    (first, token), (second, _) = one.at(WORK).run(ACQUIRE, "w", 2, 60)
    one.begin().run(COMPLETE, first, "w", token)
    beat = two.start_blocked(EXTEND, token, "w")
    one.commit()
    assert sqlstate(beat) is None
    assert one.run("select ids, leased_until > %s from backlog_internal.retry_lease", LATE) == [
        ([second], True)
    ]


@pytest.mark.parametrize(
    ("first", "second", "code", "end"),
    [
        (COMPLETE, COMPLETE, "PB002", "completed"),
        (COMPLETE, FAIL, "PB002", "completed"),
        (COMPLETE, RELEASE, "PB002", "completed"),
        (FAIL, COMPLETE, "PB001", "pending"),
        (FAIL, FAIL, "PB001", "pending"),
        (RELEASE, COMPLETE, "PB001", "pending"),
        (RELEASE, FAIL, "PB001", "pending"),
    ],
)
def test_two_reports_on_one_item(
    session: Open, first: str, second: str, code: str, end: str
) -> None:
    """The first report counts; the second learns that the item is not its own any more."""
    one, two, item, token = leased(session)
    one.begin().run(first, item, "w", token)
    late = two.start_blocked(second, item, "w", token)
    one.commit()
    assert sqlstate(late) == code
    assert state(one, item) == end
    assert in_one_place(one)


@pytest.mark.parametrize(
    ("first", "second", "end"),
    [(FAIL, COMPLETE, "completed"), (COMPLETE, FAIL, "pending"), (RELEASE, COMPLETE, "completed")],
)
def test_a_report_that_rolls_back_counts_for_nothing(
    session: Open, first: str, second: str, end: str
) -> None:
    """The second report is the only one when the first rolls back."""
    one, two, item, token = leased(session)
    one.begin().run(first, item, "w", token)
    late = two.start_blocked(second, item, "w", token)
    one.rollback()
    assert sqlstate(late) is None
    assert state(one, item) == end


def test_complete_before_cancel(session: Open) -> None:
    """What is completed cannot be cancelled."""
    worker, operator, item, token = leased(session)
    worker.begin().run(COMPLETE, item, "w", token)
    late = operator.start_blocked(CANCEL, item)
    worker.commit()
    assert late.result(60) == [(False,)]
    assert state(worker, item) == "completed"


def test_cancel_before_complete(session: Open) -> None:
    """The worker of a cancelled item is told."""
    worker, operator, item, token = leased(session)
    operator.begin().run(CANCEL, item)
    late = worker.start_blocked(COMPLETE, item, "w", token)
    operator.commit()
    assert sqlstate(late) == "PB002"
    assert state(worker, item) == "cancelled"


@pytest.mark.parametrize("report", [FAIL, RELEASE])
def test_cancel_follows_an_item_that_moves(session: Open, report: str) -> None:
    """An item that goes back to waiting while cancel looks for it is cancelled there."""
    worker, operator, item, token = leased(session)
    worker.begin().run(report, item, "w", token)
    late = operator.start_blocked(CANCEL, item)
    worker.commit()
    assert late.result(60) == [(True,)]
    assert state(worker, item) == "cancelled"
    assert in_one_place(worker)


def test_cancel_follows_an_item_that_is_being_claimed(session: Open) -> None:
    """An item that a worker is just acquiring is taken from it."""
    worker, operator = session(START), session(WORK)
    item = worker.run("select id from backlog.enqueue_retry_item('mail')")[0][0]
    ((_, token),) = worker.at(WORK).begin().run(ACQUIRE, "w", 1, 60)
    late = operator.start_blocked(CANCEL, item)
    worker.commit()
    assert late.result(60) == [(True,)]
    with pytest.raises(psycopg.Error) as told:
        worker.run(COMPLETE, item, "w", token)
    assert told.value.sqlstate == "PB002"


def test_cancel_against_cancel(session: Open) -> None:
    """Of two that cancel one does."""
    one, two, item, _ = leased(session)
    assert one.begin().one(CANCEL, item)
    late = two.start_blocked(CANCEL, item)
    one.commit()
    assert late.result(60) == [(False,)]


def test_acquire_skips_what_is_being_cancelled(session: Open) -> None:
    """A claim does not wait for a cancel."""
    operator, worker = session(START), session(WORK)
    ((one,), (two,)) = operator.run(
        "select (backlog.enqueue_retry_item('mail')).id from generate_series(1, 2)"
    )
    operator.at(WORK).begin().run(CANCEL, one)
    assert [row[0] for row in worker.run(ACQUIRE, "w", 10, 60)] == [two]


def test_replace_waits_for_an_ack_and_then_inserts(session: Open) -> None:
    """A dedupe key of an item that is being completed is free once that commits."""
    worker, producer, item, token = leased(session, "k")
    worker.begin().run(COMPLETE, item, "w", token)
    late = producer.start_blocked(REPLACE)
    worker.commit()
    assert late.result(60) in ([("inserted",)], [("replaced",)])
    assert worker.one("select count(*) from backlog.retry_items where dedupe_key = 'k'") == 1
    assert in_one_place(worker)


def test_replace_during_a_claim(session: Open) -> None:
    """An item that is being claimed loses its key to the new one; both are in one place."""
    worker, producer = session(START), session(WORK)
    worker.run("select backlog.enqueue_retry_item('mail', p_dedupe_key => 'k')")
    ((item, token),) = worker.at(WORK).begin().run(ACQUIRE, "w", 1, 60)
    late = producer.start_blocked(REPLACE)
    worker.commit()
    assert late.result(60) == [("replaced",)]
    assert worker.one("select count(*) from backlog.retry_items") == 2
    assert in_one_place(worker)
    worker.run(COMPLETE, item, "w", token)


def test_replace_during_a_failure(session: Open) -> None:
    """An item that goes back to waiting while it is being replaced is replaced there."""
    worker, producer, item, token = leased(session, "k")
    worker.begin().run(FAIL, item, "w", token)
    late = producer.start_blocked(REPLACE)
    worker.commit()
    assert late.result(60) == [("replaced",)]
    assert state(worker, item) == "cancelled"
    assert worker.one("select count(*) from backlog.retry_items") == 1
    assert in_one_place(worker)


def test_cancel_against_replace_does_not_deadlock(session: Open) -> None:
    """Both take their locks in the same order."""
    operator, producer, holder = session(START), session(START), session(START)
    item = operator.run(
        "select id from backlog.enqueue_retry_item('mail', p_dedupe_key => 'k')"
    )[0][0]
    # A third session holds the waiting row, so that both have taken what they take before it.
    holder.begin().run("select from backlog_internal.retry_ready for update")
    cancel = operator.start_blocked(CANCEL, item)
    replace = producer.start_blocked(REPLACE)
    holder.commit()
    assert sqlstate(cancel) is None
    assert sqlstate(replace) is None
    assert operator.one("select count(*) from backlog.retry_items") == 1
    assert in_one_place(operator)


def test_batches_completed_in_opposite_orders_do_not_deadlock(session: Open) -> None:
    """Acks over the same leases wait for each other in the order of the leases."""
    sessions = [session(START), session(START)]
    boss = sessions[0]
    call = "select count(*) from backlog.complete_retry_items(%s, %s)"
    for _ in range(25):
        boss.at(START).run("select backlog.enqueue_retry_item('mail') from generate_series(1, 40)")
        boss.at(WORK)
        rows = [row for n in range(4) for row in boss.run(ACQUIRE, f"w{n}", 10, 60)]
        halves = [rows[0::2], rows[1::2][::-1]]
        barrier = threading.Barrier(2)

        def complete(n: int, halves=halves, barrier=barrier) -> int:
            ids, tokens = zip(*halves[n], strict=True)
            barrier.wait()
            return sessions[n].one(call, list(ids), list(tokens))

        with together(2) as run:
            assert run(complete) == [20, 20]
    assert boss.one("select count(*) from backlog.retry_items") == 0
    assert boss.one("select count(*) from backlog_internal.retry_lease") == 0


def test_acks_of_one_batch_from_many_threads(session: Open) -> None:
    """Handlers of one batch report at the same time; each id leaves the lease once."""
    sessions = [session(WORK) for _ in range(4)]
    boss = sessions[0]
    boss.at(START).run("select backlog.enqueue_retry_item('mail') from generate_series(1, 200)")
    rows = boss.at(WORK).run(ACQUIRE, "w", 200, 60)

    def report(n: int) -> None:
        for place, (item, token) in enumerate(rows[n::4]):
            sessions[n].run(COMPLETE if place % 2 else FAIL, item, "w", token)

    with together(4) as run:
        run(report)
    assert in_one_place(boss)
    assert boss.run("select outcome, count(*) from backlog.retry_history group by 1 order by 1") == [
        ("completed", 100), ("failed", 100)
    ]  # fmt: skip
    assert boss.one("select count(*) from backlog_internal.retry_lease") == 0


def test_a_stale_workers_data_and_ack_roll_back_together(session: Open) -> None:
    """The fence protects the worker's own tables."""
    stale, fresh, item, token = leased(session)
    stale.run("create table effect (item bigint, worker text)")
    stale.begin().run("insert into effect values (%s, 'stale')", item)
    fresh.at(LATE).one(RESCUE)
    fresh.at("2030-01-01 13:00:01+00")
    ((again, new_token),) = fresh.run(ACQUIRE, "w", 1, 60)
    assert again == item
    assert new_token > token
    with pytest.raises(psycopg.Error) as refused:
        stale.run(COMPLETE, item, "w", token)
    assert refused.value.sqlstate == "PB001"
    stale.rollback()
    fresh.begin().run("insert into effect values (%s, 'fresh')", item)
    fresh.run(COMPLETE, item, "w", new_token)
    fresh.commit()
    assert fresh.run("select worker from effect") == [("fresh",)]


def test_complete_and_acquire_is_fenced(session: Open) -> None:
    """A stale token neither completes nor acquires."""
    stale, fresh, item, token = leased(session)
    fresh.at(LATE).begin().one(RESCUE)
    late = stale.start_blocked(
        "select * from backlog.complete_and_acquire_retry_items(%s, 'w')", token
    )
    fresh.commit()
    assert sqlstate(late) == "PB001"
    assert state(fresh, item) == "pending"


def test_redrive_against_redrive(session: Open) -> None:
    """Two that redrive share the dead letters and wait for nobody."""
    one, two = session(START), session(START)
    one.run("select backlog.enqueue_retry_item('mail', p_max_retries => 0) from generate_series(1, 6)")
    one.at(WORK).run("select backlog.fail_retry_item(id, 'w', 'x', null, lock_token) "
                     "from backlog.acquire_retry_items('w', 6)")
    redrive = "select id from backlog.redrive_dead_letters('{}', 4)"
    first = {row[0] for row in one.begin().run(redrive)}
    second = {row[0] for row in two.at(WORK).run(redrive)}
    discard = {row[0] for row in two.run("select id from backlog.discard_dead_letters()")}
    one.commit()
    assert (len(first), len(second), len(discard)) == (4, 2, 0)
    assert not first & second
    assert one.one("select count(*) from backlog.dead_letters") == 0
    assert in_one_place(one)


def test_redrive_against_enqueue_of_the_same_key(session: Open) -> None:
    """A dedupe key is given once, whoever comes first."""
    one, two = session(START), session(START)
    one.run("select backlog.enqueue_retry_item('mail', p_max_retries => 0, p_dedupe_key => 'k')")
    one.at(WORK).run("select backlog.fail_retry_item(id, 'w', 'x', null, lock_token) "
                     "from backlog.acquire_retry_items('w')")
    two.begin().run("select backlog.enqueue_retry_item('mail', p_dedupe_key => 'k')")
    redrive = "select outcome from backlog.redrive_dead_letters()"
    late = one.start_blocked(redrive)
    two.commit()
    assert late.result(60) == [("duplicate",)]
    one.run("select backlog.cancel_retry_item(id) from backlog.retry_items")
    two.begin().run("select backlog.enqueue_retry_item('mail', p_dedupe_key => 'k')")
    late = one.start_blocked(redrive)
    two.rollback()
    assert late.result(60) == [("redriven",)]
