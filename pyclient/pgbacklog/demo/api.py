"""Serve the flight data page by page over HTTP, with the faults of a plan.

``GET /v1/planes?page=3`` answers ``{"table": "planes", "page": 3, "pages": 7, "data": [...]}``;
flights are asked for day by day: ``GET /v1/flights?date=2013-01-01&page=2``.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from pgbacklog.demo.data import Dataset, Row, Value
from pgbacklog.demo.faults import Fault, FaultPlan, plan_faults

PAGE_SIZE = 500
RETRY_AFTER = 1  # seconds
LATE = 2.5  # seconds before an answer that is too late; the client waits less
REPEATED_ROWS = 3
MALFORMED_TABLE, MALFORMED_PAGE = "planes", 4
TWICE_TABLE = "flights"

_Rows = list[tuple[Value, ...]]


@dataclass(frozen=True, slots=True)
class Slice:
    """One page: which rows of which table it holds."""

    table: str
    number: int
    pages: int
    rows: _Rows


def page_path(table: str, page: int, day: str | None = None) -> str:
    """Return the path of one page."""
    return f"/v1/{table}?" + (f"date={day}&" if day else "") + f"page={page}"


def slice_pages(data: Dataset, page_size: int = PAGE_SIZE) -> dict[str, Slice]:
    """Cut the tables into pages; return them by their path, in the order of the files."""
    pages: dict[str, Slice] = {}

    def cut(table: str, rows: _Rows, day: str | None = None) -> None:
        count = max(1, -(-len(rows) // page_size))
        for number in range(1, count + 1):
            part = rows[(number - 1) * page_size : number * page_size]
            pages[page_path(table, number, day)] = Slice(table, number, count, part)

    for table in ("airlines", "airports", "planes", "weather"):
        cut(table, data[table].rows)
    for day, rows in _days(data["flights"].rows):
        cut("flights", rows, day)
    return pages


def _days(rows: _Rows) -> Iterator[tuple[str, _Rows]]:
    """Split the flights by day; their first columns are year, month and day."""
    by_day: dict[tuple[Value, ...], _Rows] = {}
    for row in rows:
        by_day.setdefault(row[:3], []).append(row)
    for (year, month, day), found in by_day.items():
        yield date(int(year or 0), int(month or 0), int(day or 0)).isoformat(), found


@dataclass
class FlightApi:
    """The pages, the plan of what goes wrong, and counts of what was answered."""

    data: Dataset
    seed: int = 2013
    page_size: int = PAGE_SIZE
    late: float = LATE
    latency: float = 0.0
    plan: FaultPlan = field(init=False)
    pages: dict[str, Slice] = field(init=False)
    requests: Counter[str] = field(init=False, default_factory=Counter)
    answers: Counter[str] = field(init=False, default_factory=Counter)
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.pages = slice_pages(self.data, self.page_size)
        malformed = page_path(MALFORMED_TABLE, min(MALFORMED_PAGE, self.pages_of("planes")))
        self.plan = plan_faults(list(self.pages), malformed, TWICE_TABLE, self.seed)

    def pages_of(self, table: str) -> int:
        """Return how many pages a table has."""
        return sum(page.table == table for page in self.pages.values())

    def mend(self) -> None:
        """Have the malformed page answered properly from now on."""
        self.plan.mended = True

    def ask(self, path: str) -> Fault | None:
        """Count a request for a page and return what is to go wrong with it."""
        with self._lock:
            self.requests[path] += 1
            fault = self.plan.fault_for(path, self.requests[path])
            self.answers[str(fault or "200 OK")] += 1
            return fault

    def body(self, path: str) -> bytes:
        """Return what a page answers, as JSON."""
        page = self.pages[path]
        rows = page.rows
        if path in self.plan.repeating:
            rows = self._previous(path)[-REPEATED_ROWS:] + rows
        if path in self.plan.twice:
            rows = [*rows, rows[len(rows) // 2]]
        records = list(self.data[page.table].records(rows))
        if path == self.plan.malformed and not self.plan.mended:
            records = [_mangled(record) for record in records]
        answer = {
            "table": page.table, "page": page.number, "pages": page.pages, "data": records,
        }  # fmt: skip
        return json.dumps(answer).encode()

    def _previous(self, path: str) -> _Rows:
        base, _, number = path.rpartition("=")
        return self.pages[f"{base}={int(number) - 1}"].rows

    @contextmanager
    def serve(self, port: int = 0) -> Iterator[str]:
        """Answer requests in threads while the block runs; yield the address of the API."""
        api = self

        class Handler(_Handler):
            flights = api

        with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
            server.daemon_threads = True
            thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_port}"
            finally:
                server.shutdown()
                thread.join()


def _mangled(record: Row) -> Row:
    """Return a plane whose key came under another name, as after a careless release of an API."""
    return {("tail_number" if name == "tailnum" else name): v for name, v in record.items()}


class _Handler(BaseHTTPRequestHandler):
    flights: FlightApi
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = _normal(self.path)
        if path not in self.flights.pages:
            self._answer(404, b'{"error": "no such page"}')
            return
        fault = self.flights.ask(path)
        time.sleep(self.flights.latency)
        if fault is Fault.SERVER_ERROR:
            self._answer(500, b'{"error": "internal server error"}')
        elif fault is Fault.RATE_LIMITED:
            self._answer(429, b'{"error": "slow down"}', {"Retry-After": str(RETRY_AFTER)})
        elif fault is Fault.TIMED_OUT:
            time.sleep(self.flights.late)
            self.close_connection = True
        elif fault is Fault.CUT_OFF:
            body = self.flights.body(path)
            self._answer(200, body[: len(body) // 2], {"Content-Length": str(len(body))})
            self.close_connection = True
        else:
            self._answer(200, self.flights.body(path))

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        sent = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        self.send_response(status)
        for name, value in (sent | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the worker was killed while it read

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its inherited name
        """Keep the requests off the terminal; they are counted instead."""


def _normal(target: str) -> str:
    """Return the path that the pages go by, whatever the order of the parameters."""
    parts = urlsplit(target)
    asked = dict(parse_qsl(parts.query))
    if not asked.get("page", "").isdigit():
        return target
    return page_path(parts.path.removeprefix("/v1/"), int(asked["page"]), asked.get("date"))
