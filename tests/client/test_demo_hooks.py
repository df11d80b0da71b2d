"""The demo's hooks module fetches pages as a user's would."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.error import HTTPError
from uuid import uuid4

import pytest

from pgbacklog import Item, RetryLater
from pgbacklog.demo import hooks
from pgbacklog.demo.api import FlightApi
from pgbacklog.demo.data import read_dataset
from pgbacklog.demo.faults import Fault


@pytest.fixture
def api() -> FlightApi:
    return FlightApi(read_dataset(2))


@pytest.fixture(autouse=True)
def address(api: FlightApi, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(hooks, "TIMEOUT", 60)
    with api.serve() as found:
        monkeypatch.setenv("FLIGHTS_API", found)
        yield found


def item(**request: Any) -> Item:
    return Item(
        id=1, event_type="fetch.flights_demo", event_data=request, retry_count=0, lock_token=1,
        event_id=uuid4(), channel_name="", plugin_name="", event_metadata=None, max_retries=3,
        priority=5, correlation_id=None, tags=None, created_at=datetime.now(UTC),
    )  # fmt: skip


def without_faults(api: FlightApi) -> None:
    api.plan.transient.clear()


def test_the_first_page_asks_for_the_others(api: FlightApi) -> None:
    without_faults(api)

    page = hooks.fetch_page(item(table="planes", page=1))

    assert [request["page"] for request in page.next] == list(range(2, api.pages_of("planes") + 1))
    assert all(request["table"] == "planes" for request in page.next)


def test_a_later_page_asks_for_none(api: FlightApi) -> None:
    without_faults(api)

    assert hooks.fetch_page(item(table="planes", page=2)).next == []


def test_flights_are_given_their_date_and_only_stored_columns(api: FlightApi) -> None:
    without_faults(api)

    page = hooks.fetch_page(item(table="flights", date="2013-01-02", page=1))

    first = page.tables["flights"][0]
    assert set(first) == {*hooks.COLUMNS["flights"], "flight_date"}
    assert first["flight_date"] == "2013-01-02"
    assert {request["date"] for request in page.next} == {"2013-01-02"}


def test_too_many_requests_are_retried_when_the_api_says(api: FlightApi) -> None:
    api.plan.transient["/v1/airlines?page=1"] = Fault.RATE_LIMITED

    with pytest.raises(RetryLater) as caught:
        hooks.fetch_page(item(table="airlines", page=1))

    assert caught.value.seconds == 1


def test_other_errors_keep_their_status(api: FlightApi) -> None:
    api.plan.transient["/v1/airlines?page=1"] = Fault.SERVER_ERROR

    with pytest.raises(HTTPError) as caught:
        hooks.fetch_page(item(table="airlines", page=1))

    assert caught.value.code == 500


def test_a_field_under_another_name_is_left_to_the_verdicts() -> None:
    row = {name: None for name in hooks.COLUMNS["planes"] if name != "tailnum"}

    assert "tailnum" not in hooks.choose_columns("planes", {**row, "tail_number": "N1"})
