"""Loads meet stagers, copiers, other loads and lost leases: no row is lost, none is doubled."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from support.database import Database
from support.listening import PATIENCE, eventually
from support.sessions import Session, sqlstate, together

Open = Callable[[], Session]
LOAD = "select outcome, received, inserted, updated, unchanged from backlog.load_pipeline(%s)"


@pytest.fixture
def shop(db: Database) -> Iterator[Open]:
    """Sessions on a database with two tables, parent and child, in one pipeline."""
    opened: list[Session] = []

    def open_one() -> Session:
        opened.append(Session(db))
        return opened[-1]

    open_one().run(
        """
        create table public.customer (id int primary key, name text);
        create table public.orders (
          id int primary key, customer_id int references public.customer, note text
        );
        select backlog.create_pipeline('shop', p_load_delay => 0);
        select backlog.add_pipeline_table('shop', 'public.customer');
        select backlog.add_pipeline_table('shop', 'public.orders', p_on_foreign_key => 'park');
        """
    )
    yield open_one
    for each in opened:
        each.close()


def fetch(session: Session, worker: str = "w") -> tuple[int, int]:
    """Enqueue a page and lease it; return the item's id and lock token."""
    session.run("select id from backlog.enqueue_fetch('shop')")
    return take(session, worker)


def take(session: Session, worker: str) -> tuple[int, int]:
    """Lease a waiting page."""
    (row,) = session.run("select id, lock_token from backlog.acquire_retry_items(%s, 1)", worker)
    return row[0], row[1]


def stage(session: Session, ids: list[int], item: tuple[int, int]) -> None:
    """Stage customers and hand the page over."""
    rows = json.dumps([{"id": n, "name": f"c{n}"} for n in ids])
    session.run("select backlog.stage_rows('shop', 'customer', %s, %s, %s)", rows, *item)
    session.run("select backlog.stage_retry_item('shop', %s, null, %s)", *item)


def count(session: Session, table: str = "public.customer") -> int:
    """Count the rows of a table."""
    return int(session.one(f"select count(*) from {table}"))


def test_a_page_staged_during_a_load_waits_for_the_next(shop: Open) -> None:
    """Staging does not wait for a load, and the load leaves alone what it did not see."""
    loader, stager = shop(), shop()
    stage(stager, [1], fetch(stager))
    loader.begin()
    assert loader.run(LOAD, "shop")[0][:3] == ("loaded", 1, 1)
    stage(stager, [2], fetch(stager))
    loader.commit()
    assert count(stager) == 1
    assert loader.run(LOAD, "shop")[0][:3] == ("loaded", 1, 1)
    assert count(stager) == 2


def test_a_page_still_being_staged_keeps_its_rows(shop: Open) -> None:
    """A load that removes its own rows leaves those of an open transaction and of an open page."""
    loader, open_transaction, open_page = shop(), shop(), shop()
    slow, slower = fetch(loader), fetch(loader)
    stage(loader, [1], fetch(loader))
    open_transaction.begin()
    open_transaction.run(
        "select backlog.stage_rows('shop', 'customer', '[{\"id\": 2}]', %s, %s)", *slow
    )
    open_page.run(
        "select backlog.stage_rows('shop', 'customer', '[{\"id\": 3}]', %s, %s)", *slower
    )
    assert loader.run(LOAD, "shop")[0][:3] == ("loaded", 1, 1)
    open_transaction.run("select backlog.stage_retry_item('shop', %s, null, %s)", *slow)
    open_transaction.commit()
    open_page.run("select backlog.stage_retry_item('shop', %s, null, %s)", *slower)
    assert loader.run(LOAD, "shop")[0][:3] == ("loaded", 2, 2)
    assert count(loader) == 3


def test_a_copy_waits_for_a_running_load_and_is_not_lost(shop: Open) -> None:
    """Rows copied while a load runs arrive with the next."""
    loader, copier = shop(), shop()
    copier.run("insert into public.delta_customer values (1, 'a')")
    loader.begin()
    loader.run(LOAD, "shop")
    late = copier.start_blocked("insert into public.delta_customer values (2, 'b')")
    loader.commit()
    late.result(60)
    assert loader.run(LOAD, "shop")[0][:3] == ("loaded", 1, 1)
    assert count(loader) == 2


def test_a_load_does_not_take_rows_of_an_open_copy(shop: Open) -> None:
    """A load gives up with PB103 while somebody is writing, and takes the rows afterwards."""
    loader, copier = shop(), shop()
    copier.begin()
    copier.run("insert into public.delta_orders values (1, 1, 'x')")
    waiting = loader.start(LOAD, "shop")
    # The copier goes on in an order that would deadlock with a load that waited with locks held.
    copier.run("insert into public.delta_customer values (1, 'a')")
    copier.commit()
    assert waiting.result(60)[0][:3] == ("loaded", 2, 2)
    copier.begin()
    copier.run("insert into public.delta_customer values (2, 'b')")
    assert sqlstate(loader.start(LOAD, "shop")) == "PB103"
    copier.commit()
    assert loader.run(LOAD, "shop")[0][:3] == ("loaded", 1, 1)


def test_large_delta_tables_are_truncated_without_loss(shop: Open) -> None:
    """Beyond the size where delete turns into truncate, a reader is no obstacle and nothing is lost."""
    loader, reader = shop(), shop()
    fill = "insert into public.delta_customer select g, repeat('x', 200) from generate_series(%s, %s) as g"
    loader.run(fill, 1, 40000)
    assert loader.run(LOAD, "shop")[0][:3] == ("loaded", 40000, 40000)
    assert loader.one("select pg_relation_size('public.delta_customer')") == 0
    loader.run(fill, 40001, 80000)
    reader.begin()
    reader.run("select count(*) from public.delta_customer")
    assert loader.run(LOAD, "shop")[0][:3] == ("loaded", 40000, 40000)
    assert count(loader, "public.delta_customer") == 0
    reader.commit()
    # Under a snapshot of its own the load must not truncate what it cannot see.
    loader.begin()
    loader.run("set transaction isolation level repeatable read")
    loader.run("select count(*) from public.customer")
    reader.run(fill, 80001, 120000)
    assert loader.run(LOAD, "shop")[0][0] == "empty"
    loader.commit()
    assert loader.run(LOAD, "shop")[0][:3] == ("loaded", 40000, 40000)
    assert count(loader) == 120000


def test_the_second_load_is_told_that_the_first_is_running(shop: Open) -> None:
    """Two runs at once: the second gets PB103 at once."""
    first, second = shop(), shop()
    first.begin()
    first.run(LOAD, "shop")
    assert sqlstate(second.start(LOAD, "shop")) == "PB103"
    assert sqlstate(second.start("select backlog.preview_load('shop')")) == "PB103"
    first.commit()
    assert second.run(LOAD, "shop")[0][0] == "empty"


def test_a_lease_lost_in_the_middle_of_a_page(shop: Open) -> None:
    """The old worker's rows never load, whether it stages on or not; the new worker's do."""
    old, new, loader = shop(), shop(), shop()
    item = fetch(old, "old")
    old.run("select backlog.stage_rows('shop', 'customer', '[{\"id\": 1, \"name\": \"old\"}]', %s, %s)", *item)
    old.run("select backlog.release_retry_item(%s, 'old', %s)", *item)
    again = take(new, "new")
    assert again[0] == item[0]
    for call in (
        "select backlog.stage_rows('shop', 'customer', '[{\"id\": 2, \"name\": \"old\"}]', %s, %s)",
        "select backlog.stage_retry_item('shop', %s, null, %s)",
    ):
        with pytest.raises(psycopg.Error) as caught:
            old.run(call, *item)
        assert caught.value.sqlstate == "PB001"
    stage(new, [1], again)
    assert loader.run(LOAD, "shop")[0][:3] == ("loaded", 1, 1)
    assert loader.run("select id, name from public.customer") == [(1, "c1")]
    assert count(loader, "public.delta_customer") == 0


def test_an_item_cancelled_during_its_load_waits_for_the_load(shop: Open) -> None:
    """The load holds what it completes: a cancel afterwards finds nothing to cancel."""
    loader, operator = shop(), shop()
    item = fetch(operator)
    stage(operator, [1], item)
    loader.begin()
    loader.run(LOAD, "shop")
    cancel = operator.start_blocked("select backlog.cancel_retry_item(%s)", item[0])
    loader.commit()
    assert sqlstate(cancel) in (None, "PB002")
    assert count(loader) == 1
    assert loader.run("select outcome from backlog.retry_history where id = %s", item[0]) == [("completed",)]


def test_a_replay_waits_for_a_running_load(shop: Open) -> None:
    """Quarantine is not edited under a load's feet."""
    loader, operator = shop(), shop()
    loader.run("insert into public.delta_orders values (1, 7, 'x')")
    loader.run(LOAD, "shop")
    loader.begin()
    loader.run("insert into public.delta_customer values (7, 'x')")
    assert loader.run(LOAD, "shop")[0][2] == 2
    dismissal = operator.start_blocked("select * from backlog.dismiss_quarantine('{}')")
    loader.commit()
    assert dismissal.result(60) == []
    assert operator.one("select state from backlog.quarantine") == "replayed"


def test_two_pipelines_into_the_same_tables_do_not_deadlock(shop: Open) -> None:
    """Whatever order their tables were added in, loads of the same rows take turns."""
    one = shop()
    one.run(
        """
        create table public.region (id int primary key, name text);
        alter table public.customer add column region_id int references public.region;
        select backlog.add_pipeline_table('shop', 'public.region');
        select backlog.create_pipeline('mirror');
        select backlog.add_pipeline_table('mirror', 'public.region', p_delta_name => 'mirror_region');
        select backlog.add_pipeline_table('mirror', 'public.customer', p_delta_name => 'mirror_customer');
        select backlog.add_pipeline_table('mirror', 'public.orders', p_delta_name => 'mirror_orders');
        insert into public.customer select g, '' from generate_series(1, 300) as g;
        """
    )
    sessions = [shop(), shop()]
    tables = [("shop", "delta_customer", "delta_region"), ("mirror", "mirror_customer", "mirror_region")]

    def work(n: int) -> set[str]:
        name, customers, regions = tables[n]
        outcomes = set()
        for turn in range(15):
            for table in (customers, regions):
                sessions[n].run(
                    f"insert into public.{table} (id, name) select g, %s from generate_series(1, 300) as g"
                    " order by random()",
                    f"{name} {turn}",
                )
            outcomes.add(sessions[n].run(LOAD, name)[0][0])
        return outcomes

    with together(2) as run:
        assert run(work) == [{"loaded"}, {"loaded"}]


def test_stagers_copiers_and_loads_together_lose_and_double_nothing(shop: Open) -> None:
    """Many at once: in the end every staged and copied row is there, and every item completed."""
    sessions = [shop() for _ in range(5)]
    pages, size = 40, 25
    sessions[0].run(
        "select count(*) from (select backlog.enqueue_fetch('shop', jsonb_build_object('page', g))"
        " from generate_series(0, %s) as g) as e",
        pages - 1,
    )

    def worker(n: int) -> None:
        random_ = random.Random(n)
        session = sessions[n]
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            items = session.run(
                "select id, lock_token, (event_data ->> 'page')::int from backlog.acquire_retry_items(%s, 1)",
                f"w{n}",
            )
            if not items:
                if session.one(
                    "select count(*) = 0 from backlog.retry_items where coalesce(worker_id, '') not like 'pipeline:%%'"
                ):
                    return
                time.sleep(0.01)
                continue
            for item, token, page in items:
                ids = list(range(page * size, page * size + size))
                session.run(
                    "select backlog.stage_rows('shop', 'customer', %s, %s, %s)",
                    json.dumps([{"id": k} for k in ids]), item, token,
                )
                if random_.random() < 0.3:
                    session.run("select backlog.release_retry_item(%s, %s, %s)", item, f"w{n}", token)
                else:
                    session.run("select backlog.stage_retry_item('shop', %s, null, %s)", item, token)

    def copier(session: Session) -> None:
        for k in range(20):
            session.run(
                "insert into public.delta_customer (id) select 100000 + g from generate_series(%s::int, %s::int) as g",
                k * 50, k * 50 + 49,
            )

    def loader(session: Session) -> None:
        while len(finished) < 4:
            try:
                assert session.run(LOAD, "shop")[0][0] in ("loaded", "empty")
            except psycopg.Error as error:
                assert error.sqlstate == "PB103", error

    def work(n: int) -> None:
        try:
            if n < 3:
                worker(n)
            elif n == 3:
                copier(sessions[3])
            else:
                loader(sessions[4])
        finally:
            finished.append(n)

    finished: list[int] = []
    with together(5) as run:
        run(work)
    eventually(lambda: sessions[0].run(LOAD, "shop")[0][0] == "empty")
    assert count(sessions[0]) == pages * size + 1000
    assert count(sessions[0], "backlog.retry_items") == 0
    assert count(sessions[0], "public.delta_customer") == 0
    assert sessions[0].one("select count(*) from backlog.retry_history where outcome = 'completed'") == pages
    assert sessions[0].one("select sum(inserted) from backlog.loads") == pages * size + 1000


def test_pages_with_the_same_bad_row_do_not_wait_for_each_other(shop: Open) -> None:
    """Who meets a quarantined row that somebody else is writing leaves it to him."""
    first, second, loader = shop(), shop(), shop()
    first.run("select backlog.set_pipeline_table('shop', 'customer', %s)",
              '{"on_malformed": "quarantine_row"}')
    bad = '[{"id": 1, "name": {"no": "text"}}, {"id": "x"}, {"id": "y"}]'
    good = '[{"id": 7, "name": "good"}]'
    first.run("select backlog.stage_rows('shop', 'customer', %s)", bad)
    first.run("begin")
    first.run("select backlog.stage_rows('shop', 'customer', %s)", bad)
    second.run("set lock_timeout = '30s'")
    second.run("select backlog.stage_rows('shop', 'customer', %s)", '[{"id": "y"}, {"id": "x"}]')
    second.run("select backlog.stage_rows('shop', 'customer', %s)", '[{"id": "z"}]')
    first.run("commit")
    # Two noted it at once, so it may be there twice; from now on it is refreshed.
    before = count(first, "backlog.quarantine where state = 'waiting'")
    second.run("select backlog.stage_rows('shop', 'customer', %s)", bad)
    assert count(first, "backlog.quarantine where state = 'waiting'") == before

    loader.run("begin")
    loader.run("insert into public.delta_customer values (1, 'good')")
    assert loader.run(LOAD, "shop")[0][0] == "loaded"
    item = fetch(second)
    second.run("select backlog.stage_rows('shop', 'customer', %s, %s, %s)", bad, *item)
    second.run("select backlog.stage_rows('shop', 'customer', %s, %s, %s)", good, *item)
    loader.run("commit")
    assert count(first) == 1
