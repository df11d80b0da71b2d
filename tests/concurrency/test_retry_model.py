"""The queue against a model of it: random calls, and after each the same items in the same places."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from support.database import Cluster
from support.sessions import RESET

START = datetime(2030, 1, 1, 12, tzinfo=UTC)
LEASE = 100  # seconds
DELAY = 10  # seconds between attempts, without jitter or growth
TYPES = ("mail", "post")
KEYS = ("k1", "k2")
# What each code means by the shipped rules: whether it counts, and whether it is the end.
CODES = {"TimeoutError": (True, False), "429": (False, False), "22012": (True, True)}
DONE = {"skip": "skipped", "replace": "replaced"}

types = st.sampled_from(TYPES)
keys = st.sampled_from((None, None, *KEYS))
ways = st.sampled_from(("raise", "skip", "replace"))


@dataclass
class Item:
    """What the model knows of one item."""

    event_type: str
    priority: int
    max_retries: int
    run_at: datetime
    key: str | None = None
    expires_at: datetime | None = None
    place: str = "pending"
    token: int | None = None
    retry_count: int = 0
    redrives: int = 0


@dataclass
class Model:
    """All items, and how often each outcome was written to the history."""

    now: datetime = START
    items: dict[int, Item] = field(default_factory=dict)
    leases: dict[int, datetime] = field(default_factory=dict)
    paused: set[str] = field(default_factory=set)
    history: Counter[str] = field(default_factory=Counter)

    def count(self, place: str) -> int:
        """Count the items in a place."""
        return sum(x.place == place for x in self.items.values())

    def live_key(self, event_type: str, key: str | None) -> int | None:
        """Return the live item that has the key."""
        return next(
            (
                i for i, x in self.items.items()
                if key and x.key == key and x.event_type == event_type
                and x.place in ("pending", "processing")
            ),
            None,
        )  # fmt: skip

    def end(self, item: int, outcome: str, place: str | None = None) -> None:
        """Put an item at its end."""
        self.items[item].place = place or outcome
        self.items[item].token = None
        self.history[outcome] += 1

    def fail(self, item: int, code: str, delay: float = DELAY) -> None:
        """Let an attempt fail."""
        counts, permanent = CODES.get(code, (True, False))
        x = self.items[item]
        x.retry_count += counts
        if permanent or (counts and x.retry_count >= x.max_retries):
            self.end(item, "dead_letter")
        else:
            x.place, x.token = "pending", None
            x.run_at = self.now + timedelta(seconds=delay)
            self.history["failed"] += 1

    def rescue(self) -> None:
        """Fail what is under a lease that has run out."""
        for item, x in self.items.items():
            if x.place == "processing" and self.leases[x.token] <= self.now:
                self.fail(item, "lease_expired", 0)

    def due(self, only: str | None) -> set[int]:
        """Return what may be claimed now."""
        return {
            i for i, x in self.items.items()
            if x.place == "pending" and x.run_at <= self.now and x.event_type not in self.paused
            and only in (None, x.event_type)
        }  # fmt: skip


class Queue(RuleBasedStateMachine):
    """Calls of the public functions, each mirrored in the model."""

    conn: ClassVar[psycopg.Connection[Any]]
    batches = Bundle("batches")

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.conn.execute(RESET)
        self.conn.execute(
            "select backlog.set_retry_policy('*', p_jitter => 0, p_backoff_kind => 'fixed', "
            "p_retry_delay_seconds => %s, p_max_redrives => 2)", [DELAY]
        )  # fmt: skip
        self.clock(0)

    def clock(self, seconds: float) -> None:
        """Move the clock; never back."""
        self.model.now += timedelta(seconds=seconds)
        self.conn.execute("select set_config('test.now', %s, false)", [self.model.now.isoformat()])

    def ask(self, query: str, *args: Any) -> list[tuple[Any, ...]]:
        """Make one call, a millisecond after the last."""
        self.clock(0.001)
        return self.conn.execute(query, args).fetchall()

    def refused(self, code: str, query: str, *args: Any) -> None:
        """Make a call that must raise."""
        self.clock(0.001)
        with pytest.raises(psycopg.Error) as error:
            self.conn.execute(query, args)
        assert error.value.sqlstate == code

    @precondition(lambda self: self.model.count("pending") < 10)
    @rule(
        event_type=types, priority=st.integers(1, 10), retries=st.integers(0, 3), key=keys,
        delay=st.sampled_from((0, 0, 30)), life=st.sampled_from((None, None, 20)),
    )  # fmt: skip
    def enqueue_one(
        self, event_type: str, priority: int, retries: int, key: str | None, delay: int,
        life: int | None,
    ) -> None:  # fmt: skip
        self.enqueue(event_type, priority, retries, key, delay, life)

    def enqueue(
        self, event_type: str, priority: int, retries: int, key: str | None, delay: int,
        life: int | None,
    ) -> None:  # fmt: skip
        there = self.model.live_key(event_type, key)
        run_at = self.model.now + timedelta(seconds=delay) if delay else None
        expires = self.model.now + timedelta(seconds=life) if life else None
        ((item,),) = self.ask(
            "select id from backlog.enqueue_retry_item(%s, p_priority => %s, p_max_retries => %s, "
            "p_dedupe_key => %s, p_run_at => %s, p_expires_at => %s)",
            event_type, priority, retries, key, run_at, expires,
        )  # fmt: skip
        if there is not None:
            assert item == there
        else:
            assert item not in self.model.items
            self.model.items[item] = Item(
                event_type, priority, retries, max(run_at or START, self.model.now), key, expires
            )

    @precondition(lambda self: self.model.count("pending") < 10)
    @rule(
        batch=st.lists(st.tuples(types, st.integers(1, 10), keys), min_size=1, max_size=8), way=ways
    )
    def enqueue_many(self, batch: list[tuple[str, int, str | None]], way: str) -> None:
        body = json.dumps([
            {"event_type": t, "priority": p, **({"dedupe_key": k} if k else {})}
            for t, p, k in batch
        ])  # fmt: skip
        query = "select item_position, id, outcome from backlog.enqueue_retry_items(%s, %s)"
        wanted = [k and (t, k) for t, _, k in batch]
        twice = any(k and wanted.count(k) > 1 for k in wanted)
        taken = any(self.model.live_key(t, k) for t, _, k in batch)
        if way == "raise" and (twice or taken):
            self.refused("PB004", query, body, way)
            return
        for position, item, outcome in sorted(self.ask(query, body, way)):
            event_type, priority, key = batch[position - 1]
            there = self.model.live_key(event_type, key)
            assert outcome == ("inserted" if there is None else DONE[way])
            if outcome == "skipped":
                assert item == there
                continue
            if there is not None:
                if self.model.items[there].place == "pending":
                    self.model.end(there, "cancelled")
                else:
                    self.model.items[there].key = None
            self.model.items[item] = Item(event_type, priority, 3, self.model.now, key)

    @rule(
        target=batches, size=st.integers(1, 6), only=st.sampled_from((None, None, *TYPES)),
        fresh=st.lists(st.tuples(types, st.integers(1, 10), st.integers(0, 3)), max_size=4),
    )  # fmt: skip
    def acquire(self, size: int, only: str | None, fresh: list[tuple[str, int, int]]) -> Any:
        if self.model.count("pending") < 10:
            for event_type, priority, retries in fresh:
                self.enqueue(event_type, priority, retries, None, 0, None)
        rows = self.ask(
            "select id, lock_token from backlog.acquire_retry_items('w', %s, %s, %s)",
            size, LEASE, [only] if only else None,
        )  # fmt: skip
        return self.claimed(rows, size, only)

    def claimed(self, rows: list[tuple[int, int]], size: int, only: str | None) -> Any:
        """Mirror a claim: what it must have found depends on whether it had time to rescue."""
        model = self.model
        before = model.due(only)
        expired = [i for i, x in model.items.items()
                   if x.place == "processing" and model.leases[x.token] <= model.now]
        if expired and self.conn.execute(
            "select not exists (select from backlog_internal.retry_lease where leased_until <= %s)",
            [model.now],
        ).fetchone()[0]:
            model.rescue()
        due = model.due(only) | before
        got = {row[0] for row in rows}
        dying = {i for i in due if (model.items[i].expires_at or datetime.max.replace(tzinfo=UTC)) <= model.now}
        assert got <= due - dying
        gone = {i for i in dying if not self.conn.execute(
            "select exists (select from backlog.retry_items where id = %s)", [i]).fetchone()[0]}
        assert len(got) + len(gone) == min(size, len(due))
        floor = min((model.items[i].priority for i in got | gone), default=11)
        left = due - got - gone
        assert all(model.items[i].priority <= floor for i in left)
        for item in gone:
            model.end(item, "dead_letter")
        if not rows:
            return multiple()
        (token,) = {row[1] for row in rows}
        assert token > max(model.leases, default=0)
        model.leases[token] = model.now + timedelta(seconds=LEASE)
        for item in got:
            model.items[item].place, model.items[item].token = "processing", token
        return token, [row[0] for row in rows]

    def held(self, batch: tuple[int, list[int]]) -> list[int]:
        """Return what of a batch is still under its token."""
        token, ids = batch
        return [i for i in ids if self.model.items[i].token == token]

    def stale_code(self, item: int) -> str:
        """Return what a report on an item that is not one's own raises."""
        return "PB001" if self.model.items[item].place in ("pending", "processing") else "PB002"

    @rule(batch=batches, place=st.integers(0, 5))
    def complete(self, batch: tuple[int, list[int]], place: int) -> None:
        token, ids = batch
        item = ids[place % len(ids)]
        query = "select backlog.complete_retry_item(%s, 'w', %s)"
        if item in self.held(batch):
            self.ask(query, item, token)
            self.model.end(item, "completed")
        else:
            self.refused(self.stale_code(item), query, item, token)

    @rule(batch=batches, backwards=st.booleans(), skip=st.booleans())
    def complete_many(self, batch: tuple[int, list[int]], backwards: bool, skip: bool) -> None:
        token, ids = batch
        ids = ids[::-1] if backwards else ids
        held = self.held(batch)
        query = "select id, outcome from backlog.complete_retry_items(%s, %s, %s)"
        if len(held) < len(ids) and not skip:
            first = min(i for i in ids if i not in held)
            self.refused(self.stale_code(first), query, ids, [token] * len(ids), "raise")
            return
        rows = self.ask(query, ids, [token] * len(ids), "skip" if skip else "raise")
        assert rows == [(i, "completed" if i in held else "stale") for i in ids]
        for item in held:
            self.model.end(item, "completed")

    @rule(target=batches, batch=batches, size=st.integers(1, 6))
    def complete_and_acquire(self, batch: tuple[int, list[int]], size: int) -> Any:
        token, _ = batch
        held = self.held(batch)
        query = ("select id, lock_token from backlog.complete_and_acquire_retry_items"
                 "(%s, 'w', %s, %s)")
        if not held:
            self.refused("PB001", query, token, size, LEASE)
            return multiple()
        rows = self.ask(query, token, size, LEASE)
        for item in held:
            self.model.end(item, "completed")
        return self.claimed(rows, size, None)

    @rule(batch=batches, place=st.integers(0, 5), code=st.sampled_from((None, *CODES)))
    def fail(self, batch: tuple[int, list[int]], place: int, code: str | None) -> None:
        token, ids = batch
        item = ids[place % len(ids)]
        query = "select backlog.fail_retry_item(%s, 'w', 'broken', %s, %s)"
        if item not in self.held(batch):
            self.refused(self.stale_code(item), query, item, code, token)
            return
        ((run_at,),) = self.ask(query, item, code, token)
        self.model.fail(item, code or "")
        x = self.model.items[item]
        assert run_at == (x.run_at if x.place == "pending" else None)

    @rule(batch=batches, code=st.sampled_from(tuple(CODES)), after=st.integers(0, 50))
    def fail_many(self, batch: tuple[int, list[int]], code: str, after: int) -> None:
        token, ids = batch
        held = self.held(batch)
        n = len(ids)
        rows = self.ask(
            "select id, outcome from backlog.fail_retry_items(%s, %s, %s, %s, %s, 'skip')",
            ids, [token] * n, ["broken"] * n, [code] * n, [after] * n,
        )  # fmt: skip
        for item in held:
            self.model.fail(item, code, after)
        outcomes = {"pending": "retry", "dead_letter": "dead_letter"}
        assert rows == [
            (i, outcomes[self.model.items[i].place] if i in held else "stale") for i in ids
        ]

    @rule(batch=batches)
    def extend(self, batch: tuple[int, list[int]]) -> None:
        token, _ = batch
        query = "select backlog.extend_lease(%s, 'w', %s)"
        if not self.held(batch):
            self.refused("PB001", query, token, LEASE)
            return
        ((until,),) = self.ask(query, token, LEASE)
        assert until == self.model.now + timedelta(seconds=LEASE)
        self.model.leases[token] = until

    @rule(batch=batches)
    def release(self, batch: tuple[int, list[int]]) -> None:
        token, ids = batch
        held = self.held(batch)
        rows = self.ask(
            "select id, outcome from backlog.release_retry_items(%s, %s, 'skip')",
            ids, [token] * len(ids),
        )  # fmt: skip
        assert rows == [(i, "released" if i in held else "stale") for i in ids]
        for item in held:
            x = self.model.items[item]
            x.place, x.token, x.run_at = "pending", None, self.model.now

    @precondition(lambda self: self.model.count("pending") > 4)
    @rule(place=st.integers(0, 1000))
    def cancel(self, place: int) -> None:
        item = sorted(self.model.items)[place % len(self.model.items)]
        live = self.model.items[item].place in ("pending", "processing")
        assert self.ask("select backlog.cancel_retry_item(%s)", item) == [(live,)]
        if live:
            self.model.end(item, "cancelled")

    @rule(seconds=st.sampled_from((1, DELAY, 25, LEASE + 1)), tick=st.booleans())
    def wait(self, seconds: int, tick: bool) -> None:
        self.clock(seconds)
        if tick:
            self.ask("select backlog.tick()")
            self.model.rescue()

    @precondition(lambda self: self.model.count("dead_letter"))
    @rule(limit=st.integers(1, 5), only=st.sampled_from((None, *TYPES)), dry=st.booleans())
    def redrive(self, limit: int, only: str | None, dry: bool) -> None:
        dead = sorted(i for i, x in self.model.items.items() if x.place == "dead_letter"
                      and only in (None, x.event_type))[:limit]
        rows = self.ask(
            "select id, outcome from backlog.redrive_dead_letters(%s, %s, %s)",
            json.dumps({"event_type": only} if only else {}), limit, dry,
        )  # fmt: skip
        assert [row[0] for row in rows] == dead
        for item, outcome in rows:
            x = self.model.items[item]
            if x.redrives >= 2:
                assert outcome == "exhausted"
            elif self.model.live_key(x.event_type, x.key):
                assert outcome == "duplicate"
            else:
                assert outcome == "redriven"
                if not dry:
                    x.place, x.run_at, x.retry_count = "pending", self.model.now, 0
                    x.redrives += 1
                    x.expires_at = x.expires_at if (x.expires_at or START) > self.model.now else None
                    self.model.history["redriven"] += 1

    @precondition(lambda self: self.model.count("dead_letter") > 2)
    @rule(limit=st.integers(1, 3))
    def discard(self, limit: int) -> None:
        dead = sorted(i for i, x in self.model.items.items() if x.place == "dead_letter")[:limit]
        rows = self.ask("select id from backlog.discard_dead_letters('{}', %s)", limit)
        assert [row[0] for row in rows] == dead
        for item in dead:
            self.model.end(item, "discarded")

    @precondition(lambda self: self.model.count("pending"))
    @rule(target=batches, event_type=types)
    def pause_for_a_while(self, event_type: str) -> Any:
        self.ask("select backlog.pause_event_type(%s)", event_type)
        self.model.paused.add(event_type)
        rows = self.ask("select id, lock_token from backlog.acquire_retry_items('w', 2, %s)", LEASE)
        batch = self.claimed(rows, 2, None)
        self.ask("select backlog.resume_event_type(%s)", event_type)
        self.model.paused.discard(event_type)
        return batch

    @invariant()
    def each_item_is_in_one_place(self) -> None:
        """Every table agrees with the model."""
        rows = self.conn.execute(
            """
            select i.id, 'pending', i.retry_count, i.run_at, null::bigint, i.dedupe_key
            from backlog_internal.retry_item as i
            join backlog_internal.retry_ready as r using (id, lane_id, priority, run_at)
            union all
            select i.id, 'processing', i.retry_count, null, s.token, i.dedupe_key
            from backlog_internal.retry_lease as s cross join unnest(s.ids) as u (id)
            join backlog_internal.retry_item as i on i.id = u.id and i.lane_id = s.lane_id
            union all
            select d.id, 'dead_letter', d.retry_count, null, null, d.dedupe_key
            from backlog_internal.dead_letter as d
            """
        ).fetchall()
        places = ("pending", "processing", "dead_letter")
        wanted = [
            (i, x.place, x.retry_count, x.run_at if x.place == "pending" else None, x.token, x.key)
            for i, x in self.model.items.items() if x.place in places
        ]  # fmt: skip
        assert sorted(rows, key=lambda r: r[:2]) == sorted(wanted, key=lambda r: r[:2])
        counts = self.conn.execute(
            "select (select count(*) from backlog_internal.retry_item), "
            "(select count(*) from backlog_internal.retry_ready), "
            "(select coalesce(sum(cardinality(ids)), 0) from backlog_internal.retry_lease), "
            "(select count(*) from backlog_internal.retry_lease where ids = '{}')"
        ).fetchone()
        by_place = Counter(x.place for x in self.model.items.values())
        assert counts == (
            by_place["pending"] + by_place["processing"], by_place["pending"],
            by_place["processing"], 0,
        )  # fmt: skip
        history = dict(self.conn.execute(
            "select outcome, count(*) from backlog.retry_history group by outcome").fetchall())
        assert history == +self.model.history


@contextmanager
def machine(dsn: str) -> Iterator[type[Queue]]:
    """Yield the machine on a database."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("set timezone = 'UTC'")
        conn.execute("set client_min_messages = warning")
        Queue.conn = conn
        yield Queue


def test_the_queue_does_what_its_model_does(cluster: Cluster) -> None:
    """The same random calls on every run; a failure prints the shortest that shows it."""
    profile = settings(
        max_examples=50, stateful_step_count=30, derandomize=True, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
    )  # fmt: skip
    with cluster.database() as database, machine(database.dsn) as queue:
        run_state_machine_as_test(queue, settings=profile)
