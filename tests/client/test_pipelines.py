"""Fetchers, loads and quarantine, from the command line to the stable tables."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from support.database import Database
from support.listening import eventually, live, outcomes

HOOKS = """
    import datetime, decimal
    from pgbacklog import Page, fetcher

    @fetcher("shop")
    def fetch(item):
        n = item.event_data["page"]
        if n == 3 and item.retry_count == 0:
            raise ConnectionError("the page is not there yet")
        if n == 4:
            return Page({"customer": [{"id": 400, "name": "Late"}], "orders": "nonsense"},
                        next=[{"page": 5}])
        customers = [{"id": n * 10 + k, "name": f"Customer {k}"} for k in range(3)]
        amount, day = decimal.Decimal("9.5"), datetime.date(2026, 5, n)
        orders = [{"id": n * 100 + k, "customer_id": n * 10 + k % 4, "amount": amount, "day": day}
                  for k in range(8)]
        return Page({"customer": customers, "orders": orders},
                    next=[{"page": n + 1}] if n < 5 else [])

    @fetcher("broken")
    def nothing(item):
        return None
"""


@pytest.fixture
def shop(db: Database) -> Database:
    """A pipeline of customers and their orders; one order in four has no customer."""
    conn = db.connect()
    conn.execute(
        "create table customer (id int primary key, name text not null);"
        "create table orders (id int primary key, customer_id int not null references customer,"
        " amount numeric check (amount > 0), day date)"
    )
    conn.execute("select backlog.create_pipeline('shop', p_load_delay => 1)")
    conn.execute("select backlog.add_pipeline_table('shop', 'customer')")
    conn.execute(
        "select backlog.add_pipeline_table('shop', 'orders', p_on_foreign_key => 'quarantine_row')"
    )
    conn.execute("select backlog.set_retry_policy('fetch.shop', p_retry_delay_seconds => 0)")
    return db


def rows_of(conn, table: str) -> int:
    return conn.execute(f"select count(*) from {table}").fetchone()[0]


def test_pages_follow_each_other_and_reach_the_stable_tables(shop: Database, listen) -> None:
    """Chain, retry, malformed page, load: the items end with their rows' load."""
    conn = shop.connect()
    conn.execute(
        "select backlog.enqueue_fetch('shop', '{\"page\": 1}', p_correlation_id => 'run 1')"
    )
    process = listen(HOOKS, "--until-idle")
    assert process.ended() == 0, process.log.read_text()

    assert rows_of(conn, "customer") == 4 * 3
    assert rows_of(conn, "orders") == 4 * 6
    assert outcomes(conn) == {"completed": 4, "failed": 1, "dead_letter": 1}
    dead = conn.execute("select error_code, event_data, correlation_id from backlog.dead_letters")
    assert dead.fetchall() == [("PB105", {"page": 4}, "run 1")]
    loads = process.events("load")
    assert {event["outcome"] for event in loads} == {"loaded"}
    assert sum(event["inserted"] for event in loads) == 4 * 9
    assert process.events("malformed page")[0]["outcome"] == "dead_letter"


def test_a_listening_process_loads_by_itself(shop: Database, listen) -> None:
    """Without anybody's call, and with no right but a worker's."""
    conn = shop.connect()
    dsn = make_conninfo(shop.dsn, options="-c role=backlog_worker")
    process = listen(HOOKS, "--poll-interval", "60", dsn=dsn)
    conn.execute("select backlog.enqueue_fetch('shop', '{\"page\": 5}')")
    eventually(lambda: rows_of(conn, "orders") == 6)
    assert live(conn) == 0
    assert not [event for event in process.events() if event["level"] == "error"]


def test_housekeeping_outlives_what_nobody_expected(shop: Database, listen) -> None:
    """One answer that makes no sense must not end all loads of this process."""
    conn = shop.connect()
    name = "backlog.load_pipeline(text)"
    load = conn.execute("select pg_get_functiondef(%s::regprocedure)", [name]).fetchone()[0]
    head = load[: load.index("AS $function$")]
    conn.execute(f"{head} AS $function$ begin return; end $function$")  # no row at all
    process = listen(HOOKS, "--poll-interval", "1")
    conn.execute("select backlog.enqueue_fetch('shop', '{\"page\": 5}')")
    eventually(lambda: process.events("housekeeping failed"))
    conn.execute(load)
    eventually(lambda: rows_of(conn, "orders") == 6)


def test_a_fetcher_that_returns_no_page_ends_as_a_dead_letter(shop: Database, listen) -> None:
    conn = shop.connect()
    conn.execute("select backlog.create_pipeline('broken')")
    conn.execute("select backlog.enqueue_fetch('broken')")
    listen(HOOKS, "--until-idle").ended()
    error = conn.execute("select error from backlog.dead_letters").fetchone()[0]
    assert error == "PermanentError: the fetcher returned NoneType, not a Page"


def test_a_killed_fetcher_loses_and_doubles_no_row(shop: Database, listen) -> None:
    """Staging is one transaction with the hand-over of the item."""
    conn = shop.connect()
    for page in (1, 2, 5):
        conn.execute("select backlog.enqueue_fetch('shop', %s)", [json.dumps({"page": page})])
    slow = HOOKS.replace("return Page(", "import time; time.sleep(0.7); return Page(")
    for _ in range(2):
        process = listen(slow, "--lock-timeout", "3", "--threads", "2")
        time.sleep(0.6)
        process.close()
    listen(HOOKS, "--lock-timeout", "3")
    eventually(lambda: live(conn) == 0)
    assert rows_of(conn, "customer") == 4 * 3
    assert rows_of(conn, "orders") == 4 * 6
    # A page that was loaded long ago may be asked for again by the one before it: nothing is new then.
    counts = "select sum(inserted), sum(updated) from backlog.loads"
    assert conn.execute(counts).fetchone() == (4 * 9, 0)


def test_load_and_quarantine_commands(shop: Database, cli) -> None:
    """Preview, load, look, dismiss, edit, replay, load again."""
    conn = shop.connect()
    orders = [{"id": 1, "customer_id": 7, "amount": 1}, {"id": 2, "customer_id": 8, "amount": 2}]
    customers = [{"id": 9, "name": "Nine"}]
    for table, rows in (("customer", customers), ("orders", orders)):
        conn.execute("select backlog.stage_rows('shop', %s, %s)", [table, json.dumps(rows)])

    assert cli("load", "shop", "--preview").exit_code == 0
    assert rows_of(conn, "customer") == 0
    (loaded,) = json.loads(cli("load", "shop", "--json").stdout)
    assert (loaded["outcome"], loaded["inserted"], loaded["rejected"]) == ("loaded", 1, 2)
    first, second = json.loads(cli("quarantine", "list", "--json").stdout)
    assert first["rule"] == "foreign_key"
    assert "customer_id" in cli("quarantine", "show", first["quarantine_id"]).stdout
    assert cli("quarantine", "show", 999).exit_code == 1

    assert cli("quarantine", "dismiss").exit_code == 1
    dismissed = cli("quarantine", "dismiss", "--id", second["quarantine_id"], "--note", "no")
    assert dismissed.stdout == "1 dismissed\n"
    edited = json.dumps({"id": 1, "customer_id": 9, "amount": 1})
    assert cli("quarantine", "edit", first["quarantine_id"], edited).stdout == "replaying\n"
    cli("load", "shop")
    assert conn.execute("select id, customer_id from orders").fetchall() == [(1, 9)]
    assert cli("quarantine", "list").stdout == "nothing found\n"


def test_replay_by_filter_shows_what_it_would_do(shop: Database, cli) -> None:
    conn = shop.connect()
    orders = [{"id": n, "customer_id": 7, "amount": 1} for n in range(5)]
    conn.execute("select backlog.stage_rows('shop', 'orders', %s)", [json.dumps(orders)])
    cli("load", "shop")
    conn.execute("insert into customer values (7, 'Seven')")
    dry = cli("quarantine", "replay", "--pipeline", "shop", "--dry-run", "--json")
    done = cli("quarantine", "replay", "--rule", "foreign_key", "--limit", 3)
    cli("load", "shop")

    assert len(json.loads(dry.stdout)) == 5
    assert done.stdout == "3 replaying\n"
    assert rows_of(conn, "orders") == 3


def test_a_second_load_is_told_that_one_is_running(shop: Database, cli) -> None:
    conn = shop.connect(autocommit=False)
    conn.execute("select backlog.load_pipeline('shop')")
    busy = cli("load", "shop")
    assert busy.exit_code == 5
    assert "busy: " in busy.stderr
    unknown = cli("load", "shopp")
    assert unknown.exit_code == 1
    assert "[PB101]" in unknown.stderr


def test_a_refused_load_is_an_error(db: Database, cli, tmp_path: Path) -> None:
    conn = db.connect()
    conn.execute("create table thing (id int primary key, n int not null check (n > 0))")
    conn.execute("select backlog.create_pipeline('things', p_max_rejects => 0)")
    conn.execute(
        "select backlog.add_pipeline_table('things', 'thing', p_on_malformed => 'quarantine_row')"
    )
    conn.execute("select backlog.stage_rows('things', 'thing', '[{\"id\": 1, \"n\": -1}]')")
    refused = cli("load", "things")
    assert refused.exit_code == 1
    assert "error: " in refused.stderr
    assert "hint: See: pgbacklog quarantine list" in refused.stderr
