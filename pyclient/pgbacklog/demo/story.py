"""Play the demo: fetch, fail, crash, load, mend, replay, reload, and check it all."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from pgbacklog import schema
from pgbacklog.demo.api import FlightApi
from pgbacklog.demo.audit_log import AuditLog
from pgbacklog.demo.backfills import copy_history, remove_history
from pgbacklog.demo.check import Promise, compare_quarantine, compare_tables
from pgbacklog.demo.data import TABLES
from pgbacklog.demo.expected import expect
from pgbacklog.demo.ledger import EVENT_TYPE, PIPELINE, Ledger
from pgbacklog.demo.screen import Screen
from pgbacklog.demo.workers import LEASE_SECONDS, Worker, workers

_PATIENCE = 120.0  # seconds without any progress before the demo gives up
_LOOK = 0.2
_HOOKS = ["demo_commits", "demo_rows", "demo_failures", "demo_alarm"]
_RULE = "demo_whole_page"


def remove(conn: psycopg.Connection[Any]) -> None:
    """Drop everything that a former run left behind."""
    ledger = Ledger(conn)
    remove_history(conn)
    live = "select i.id from backlog.retry_items as i where i.event_type = %s"
    for row in ledger.rows(live, [EVENT_TYPE]):
        ledger.value("select backlog.cancel_retry_item(%s, 'the demo is removed')", [row["id"]])
    letters = Jsonb({"event_type": EVENT_TYPE})
    ledger.rows("select * from backlog.discard_dead_letters(%s, 1000000)", [letters])
    hooks = "select h.name from backlog.hooks as h where h.name = any (%s)"
    for hook in ledger.rows(hooks, [_HOOKS]):
        ledger.value("select backlog.drop_hook(%s)", [hook["name"]])
    rules = "select r.name from backlog.critical_rules as r where r.name = %s"
    for rule in ledger.rows(rules, [_RULE]):
        ledger.value("select backlog.drop_critical_rule(%s)", [rule["name"]])
    if ledger.rows("select from backlog.pipelines where name = %s", [PIPELINE]):
        ledger.value("select backlog.drop_pipeline(%s, p_force => true)", [PIPELINE])
    conn.execute("set client_min_messages = warning")
    conn.execute("drop schema if exists flights_demo cascade")
    conn.execute("reset client_min_messages")


class DemoStuck(Exception):  # noqa: N818 - says what is the case
    """The demo waits for something that does not happen."""


@dataclass
class Story:
    """One run of the demo against one database."""

    dsn: str
    api: FlightApi
    screen: Screen
    folder: Path
    promises: list[Promise] = field(default_factory=list)
    ledger: Ledger = field(init=False)
    audit: AuditLog = field(init=False)
    begun: datetime = field(init=False)
    singly_since: datetime = field(init=False)
    staff: list[Worker] = field(init=False)

    def play(self) -> bool:
        """Run all chapters; return whether every promise was kept."""
        self.screen.step("Install the schema")
        schema.migrate(self.dsn, say=lambda _: None)
        with (
            psycopg.connect(self.dsn, autocommit=True) as conn,
            self.api.serve() as address,
        ):
            self.ledger = Ledger(conn)
            self.begun = self.ledger.now()
            self._introduce_api(address)
            self._make_tables(conn)
            self._prepare_hooks()
            with workers(["demo-1", "demo-2"], self.dsn, address, self.folder) as self.staff:
                self._fetch_parents()
                self._fetch_flights()
                self._report()
                self._mend_and_redrive()
                self._replay()
                self._reload()
                self._lose_and_replay()
                self._report_hooks()
            self.promises += copy_history(conn, self.dsn, self.folder, self.screen)
            self._check()
        return all(promise.kept for promise in self.promises)

    def _introduce_api(self, address: str) -> None:
        api, screen = self.api, self.screen
        rows = ", ".join(f"{len(api.data[name]):,} {name}" for name in TABLES)
        screen.step(f"Serve the data at {address}, with faults")
        screen.say(f"{rows} on {len(api.pages)} pages")
        faults = [f"{count} x {fault}" for fault, count in api.plan.counts().items()]
        screen.say(f"to go wrong: {', '.join(faults)}")
        screen.say(
            f"{len(api.plan.repeating)} pages repeat rows of the page before, "
            f"{len(api.plan.twice)} hold one row twice"
        )

    def _make_tables(self, conn: psycopg.Connection[Any]) -> None:
        self.screen.step("Make five tables with foreign keys, and a pipeline into them")
        remove(conn)
        script = files("pgbacklog.demo").joinpath("flights_demo.sql").read_text(encoding="utf-8")
        with conn.transaction():
            conn.execute(script.encode())

    def _prepare_hooks(self) -> None:
        """Make the audit's database; the listeners register the hooks that write it."""
        self.audit = AuditLog(self.folder)
        self.audit.make()
        ledger = self.ledger
        for hook in _HOOKS:
            # A delivery that fails is tried again after a second, not after the usual minute.
            ledger.value(
                "select backlog.set_retry_policy(%s, 10, p_retry_delay_seconds => 1)",
                [f"hook.{hook}"],
            )
        ledger.value(
            "select backlog.set_critical_rule(%s, %s, array[%s])",
            [_RULE, "jsonb_exists(record, 'page')", PIPELINE],
        )
        # Every row singly would be much to note; it is switched on when fewer rows are expected.
        ledger.value(
            "select backlog.register_hook('demo_rows', 'checkpoint', array[%s], 'individual')",
            [PIPELINE],
        )
        ledger.value("select backlog.disable_hook('demo_rows', 'until the flights are in')")

    def _fetch_parents(self) -> None:
        tables = [table for table in TABLES if table != "flights"]
        self.screen.step(f"Fetch {', '.join(tables)} with two listeners")
        since = self._enqueue([{"table": table, "page": 1} for table in tables])
        pages = sum(self.api.pages_of(table) for table in tables)
        self._wait(since, pages - 1)
        dead = self.ledger.rows(
            "select d.event_data, d.error_code, d.error from backlog.dead_letters as d "
            "where d.event_type = %s",
            [EVENT_TYPE],
        )
        for letter in dead:
            request = letter["event_data"]
            self.screen.say(f"dead letter: {request['table']}, page {request['page']}")
            self.screen.say(f"             {letter['error_code']} {letter['error']}")
        self._promise("the malformed page became the only dead letter", len(dead) == 1)
        self._wait_for_hooks()
        alarms = self.audit.alarms()
        for record, _ in alarms:
            self.screen.say(f"a hook raised the alarm: a whole page failed: {record}")
        self._promise(f"{len(alarms)} alarm was raised for it", len(alarms) == 1)

    def _fetch_flights(self) -> None:
        self.screen.step("Fetch the flights, and kill a listener in the middle of it")
        since = self._enqueue(self._first_pages_of_flights())
        pages = self.api.pages_of("flights")
        self._wait(since, pages, until=lambda loaded, live: loaded + live >= pages // 3)
        victim, held = self._kill_a_busy_worker()
        self.screen.say(
            f"kill -9 {victim}: pages in its hands: {held}; "
            f"their lease ends in {LEASE_SECONDS} s at most"
        )
        self._wait(since, pages)
        rescued = self.ledger.value(
            "select count(*) from backlog.retry_history as h where h.event_type = %s "
            "and h.finished_at >= %s and h.error_code = 'lease_expired' and h.worker_id = %s",
            [EVENT_TYPE, since, victim],
        )
        self._promise(
            f"the other listener took over what the killed one had: {rescued} of {held}",
            rescued == held > 0,
        )

    def _report(self) -> None:
        self.screen.step("What has happened so far")
        asked, well = sum(self.api.requests.values()), self.api.answers["200 OK"]
        self.screen.say(f"{asked} requests, {well} answered well; attempts that failed:")
        self.screen.table(self.ledger.failures(self.begun))
        self.screen.say("loads (parked rows wait for their parents and are judged again):")
        self.screen.table(self.ledger.loads(self.begun))
        self.screen.say("in quarantine, by reason:")
        self.screen.table(self.ledger.quarantine())

    def _mend_and_redrive(self) -> None:
        self.screen.step("Mend the malformed page and redrive the dead letter")
        self.api.mend()
        self.screen.say("from here on a hook notes every single row that is loaded")
        self.ledger.value("select backlog.enable_hook('demo_rows')")
        since = self.singly_since = self.ledger.now()
        redriven = self.ledger.rows(
            "select * from backlog.redrive_dead_letters(%s)", [Jsonb({"event_type": EVENT_TYPE})]
        )
        self._wait(since, len(redriven))
        left = self.ledger.progress(since).dead
        self._promise("no dead letter is left", left == 0)

    def _replay(self) -> None:
        self.screen.step("Replay the flights whose plane is known now")
        ids = self.ledger.value(
            """
            select coalesce(jsonb_agg(distinct q.quarantine_id), '[]')
            from backlog.quarantine as q
            join flights_demo.planes as p on p.tailnum = q.value
            where q.pipeline = %s and q.state = 'waiting' and q.column_name = 'tailnum'
            """,
            [PIPELINE],
        )
        before = self.ledger.counts()["flights"]
        replayed = self.ledger.rows(
            "select * from backlog.replay_quarantine(%s, 1000000)", [Jsonb({"ids": ids})]
        )
        self._wait_for_replay()
        entered = self.ledger.counts()["flights"] - before
        self.screen.say(f"{len(replayed):,} rows replayed, {entered:,} more flights are in")
        self._promise("the parents that came late let rows in", entered > 0)

    def _reload(self) -> None:
        self.screen.step("Fetch all pages once more: nothing has changed at the source")
        parents = [{"table": table, "page": 1} for table in TABLES if table != "flights"]
        since = self._enqueue(parents + self._first_pages_of_flights())
        self._wait(since, len(self.api.pages))
        loads = self.ledger.loads(since)
        self.screen.table(loads)
        changes = sum(load["inserted"] + load["updated"] for load in loads)
        self._promise(f"{changes} rows were written", changes == 0)
        refused = sum(load["rejected"] for load in loads)
        self.screen.say(f"{refused:,} rows were refused again, and wait in quarantine as before")

    def _lose_and_replay(self) -> None:
        self.screen.step("Lose half of the audit of commits, and replay it")
        self._wait_for_hooks()
        before = self.audit.commits()
        lost = self.audit.lose_half()
        replayed = self.ledger.rows(
            "select * from backlog.replay_events('demo_commits', p_from => %s, p_limit => 100000)",
            [self.begun],
        )
        self._wait_for_hooks()
        made = sum(row["deliveries"] for row in replayed)
        self.screen.say(f"{lost} lines are lost, {made} deliveries are replayed")
        whole = self.audit.commits() == before
        self._promise("what was lost is back, and nothing is noted twice", whole and lost > 0)

    def _report_hooks(self) -> None:
        self.screen.step("What the hooks were called for")
        hooks = self.ledger.hooks()
        self.screen.table(hooks)
        self.screen.say("incidents, the state of quarantine and dead letters included:")
        self.screen.table(self.ledger.incidents())
        commits, noted = self.audit.commits()
        written = self.ledger.written(self.begun)
        self._promise(
            f"the audit in SQLite: {commits:,} commits with {sum(noted.values()):,} rows, "
            f"by the loads {sum(written.values()):,}",
            noted == written,
        )
        singly, expected = self.audit.noted_rows(), self.ledger.written(self.singly_since)
        self._promise(
            f"noted one by one: {singly:,} of {sum(expected.values()):,} rows",
            singly == sum(expected.values()) > 0,
        )
        failures = self.audit.failures()
        counted = ", ".join(f"{count:,} x {code}" for code, count in failures.items())
        self.screen.say(f"failures that a hook counted: {counted}")
        dead = sum(hook["dead"] for hook in hooks)
        self._promise(f"{dead} deliveries failed for good", dead == 0)

    def _wait_for_hooks(self) -> None:
        """Wait until every delivery is at its end."""
        last, moved = -1, time.monotonic()
        while waiting := self.ledger.waiting_deliveries():
            if waiting != last:
                last, moved = waiting, time.monotonic()
            self._see_that_work_goes_on(moved)
            time.sleep(_LOOK)

    def _check(self) -> None:
        self.screen.step("Check the tables against the published files")
        expected = expect(self.api.data)
        for promise in compare_tables(self.ledger, expected):
            self._promise(promise.text, promise.kept)
        promise = compare_quarantine(self.ledger.quarantined_flights(), expected)
        self._promise(promise.text, promise.kept)

    def _wait_for_replay(self) -> None:
        moved = time.monotonic()
        while self.ledger.value(
            "select exists (select from backlog.quarantine as q "
            "where q.pipeline = %s and q.state = 'replaying')",
            [PIPELINE],
        ):
            self._see_that_work_goes_on(moved)
            time.sleep(_LOOK)

    def _first_pages_of_flights(self) -> list[dict[str, Any]]:
        days = {path.split("date=")[1].split("&")[0] for path in self.api.pages if "date=" in path}
        return [{"table": "flights", "date": day, "page": 1} for day in sorted(days)]

    def _enqueue(self, requests: list[dict[str, Any]]) -> datetime:
        since = self.ledger.now()
        for request in requests:
            self.ledger.value("select backlog.enqueue_fetch(%s, %s)", [PIPELINE, Jsonb(request)])
        return since

    def _promise(self, text: str, kept: bool) -> None:
        self.promises.append(Promise(text, kept))
        self.screen.verdict(text, kept)

    def _wait(
        self, since: datetime, pages: int, until: Callable[[int, int], bool] | None = None
    ) -> None:
        """Show the progress until all items have ended, or until a condition holds."""
        last, moved = None, time.monotonic()
        while True:
            now = self.ledger.progress(since)
            done = until(now.loaded, now.live) if until else not now.live
            text = f"pages loaded, {now.staged} staged, {now.failed_attempts} attempts failed"
            self.screen.progress(now.loaded, pages, text, last=done)
            if done:
                return
            if now != last:
                last, moved = now, time.monotonic()
            self._see_that_work_goes_on(moved)
            time.sleep(_LOOK)

    def _see_that_work_goes_on(self, moved: float) -> None:
        if not any(worker.alive() for worker in self.staff):
            raise DemoStuck("no listener is left\n" + self.staff[-1].last_words())
        if time.monotonic() - moved > _PATIENCE:
            raise DemoStuck(f"nothing moved for {_PATIENCE:g} s\n{self.staff[-1].last_words()}")

    def _kill_a_busy_worker(self) -> tuple[str, int]:
        """Kill a worker that holds items; return its name and how many."""
        for attempt in range(500):
            worker = self.staff[attempt % len(self.staff)]
            worker.suspend()
            # What it has sent already is still carried out; only then its books are final.
            while self.ledger.statements_of(worker.name):
                time.sleep(0.005)
            held = self.ledger.held_by(worker.name)
            if held:
                worker.kill()
                return worker.name, held
            worker.resume()
            time.sleep(0.01)
        raise DemoStuck(f"no listener ever holds an item\n{self.staff[-1].last_words()}")
