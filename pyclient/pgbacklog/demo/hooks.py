"""The demo's hooks module: what a user of pgbacklog writes to fetch pages.

Run by: pgbacklog listen --hooks pgbacklog.demo.hooks
"""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

from pgbacklog import Item, Page, RetryLater, fetcher

TIMEOUT = 1.5  # seconds

COLUMNS = {
    "airlines": ("carrier", "name"),
    "airports": ("faa", "name", "lat", "lon", "alt", "tzone"),
    "planes": ("tailnum", "year", "manufacturer", "model", "engines", "seats", "engine"),
    "weather": ("origin", "time_hour", "temp", "wind_speed", "precip", "visib"),
    "flights": (
        "carrier", "flight", "origin", "dest", "tailnum", "sched_dep_time", "dep_delay",
        "arr_delay", "distance",
    ),
}  # fmt: skip


@fetcher("flights_demo")
def fetch_page(item: Item) -> Page:
    """Fetch one page; the first page of a table asks for the others."""
    request = item.event_data
    answer = get_json(request)
    rows = [choose_columns(request["table"], row) for row in answer["data"]]
    others = range(2, answer["pages"] + 1) if request["page"] == 1 else ()
    return Page({request["table"]: rows}, next=[{**request, "page": page} for page in others])


def get_json(request: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to a request; any exception means that the page is tried again."""
    query = urlencode({name: value for name, value in request.items() if name != "table"})
    address = f"{os.environ['FLIGHTS_API']}/v1/{request['table']}?{query}"
    try:
        with urlopen(address, timeout=TIMEOUT) as response:  # noqa: S310 - the operator's address
            answer: dict[str, Any] = json.load(response)
            return answer
    except HTTPError as error:
        # An error without this header is raised as it is: the status chooses the failure rule.
        if after := error.headers.get("Retry-After"):
            raise RetryLater(float(after), f"HTTP {error.code}: {error.reason}") from error
        raise


def choose_columns(table: str, row: dict[str, Any]) -> dict[str, Any]:
    """Return the columns that the stable table has."""
    chosen = {name: row[name] for name in COLUMNS[table] if name in row}
    if table == "flights":
        chosen["flight_date"] = f"{row['year']}-{row['month']:02}-{row['day']:02}"
    return chosen
