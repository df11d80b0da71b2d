"""The demo's API serves every row, and fails as planned."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from pgbacklog.demo.api import FlightApi
from pgbacklog.demo.data import Dataset, read_dataset
from pgbacklog.demo.faults import Fault, plan_faults


@pytest.fixture(scope="module")
def data() -> Dataset:
    return read_dataset(3)


@pytest.fixture
def api(data: Dataset) -> FlightApi:
    return FlightApi(data, late=60)


@pytest.fixture
def address(api: FlightApi) -> Iterator[str]:
    with api.serve() as found:
        yield found


def get(address: str, path: str, timeout: float = 60) -> dict[str, Any]:
    with urlopen(address + path, timeout=timeout) as response:
        answer: dict[str, Any] = json.load(response)
        return answer


def planned(api: FlightApi, fault: Fault) -> str:
    return next(path for path, kind in api.plan.transient.items() if kind is fault)


def test_all_pages_together_hold_every_row(api: FlightApi, data: Dataset) -> None:
    served = dict.fromkeys(data.tables, 0)
    for page in api.pages.values():
        served[page.table] += len(page.rows)

    assert served == {name: len(table) for name, table in data.tables.items()}


def test_the_same_seed_plans_the_same_faults(data: Dataset) -> None:
    assert FlightApi(data, seed=7).plan == FlightApi(data, seed=7).plan
    assert FlightApi(data, seed=7).plan != FlightApi(data, seed=8).plan


def test_every_kind_of_fault_is_planned_even_for_few_pages() -> None:
    plan = plan_faults([f"/v1/t?page={n}" for n in range(1, 12)], "/v1/t?page=4", "t", seed=1)

    assert set(plan.counts()) == set(Fault)
    assert "/v1/t?page=4" not in plan.transient


@pytest.mark.parametrize(
    ("fault", "status"), [(Fault.SERVER_ERROR, 500), (Fault.RATE_LIMITED, 429)]
)
def test_an_error_goes_away(api: FlightApi, address: str, fault: Fault, status: int) -> None:
    path = planned(api, fault)

    with pytest.raises(HTTPError) as caught:
        get(address, path)
    assert caught.value.code == status
    assert caught.value.headers.get("Retry-After") == ("1" if status == 429 else None)
    assert get(address, path)["data"]


def test_a_late_answer_times_out(api: FlightApi, address: str) -> None:
    path = planned(api, Fault.TIMED_OUT)

    with pytest.raises(TimeoutError):
        get(address, path, timeout=0.3)
    assert get(address, path)["data"]


def test_a_cut_off_body_is_noticed(api: FlightApi, address: str) -> None:
    path = planned(api, Fault.CUT_OFF)

    with pytest.raises(http.client.IncompleteRead):
        get(address, path)
    assert get(address, path)["data"]


def test_the_malformed_page_stays_so_until_it_is_mended(api: FlightApi, address: str) -> None:
    path = api.plan.malformed
    for _ in range(2):
        assert all("tailnum" not in row for row in get(address, path)["data"])

    api.mend()

    assert all(row["tailnum"] for row in get(address, path)["data"])


def test_a_repeating_page_begins_with_rows_of_the_page_before(api: FlightApi) -> None:
    path = min(api.plan.repeating)
    base, _, number = path.rpartition("=")
    before = json.loads(api.body(f"{base}={int(number) - 1}"))["data"]

    assert before[-1] in json.loads(api.body(path))["data"]


def test_some_page_holds_a_row_twice(api: FlightApi) -> None:
    rows = [tuple(row.items()) for row in json.loads(api.body(min(api.plan.twice)))["data"]]

    assert len(rows) > len(set(rows))


def test_an_unknown_page_is_not_found(address: str) -> None:
    for path in ("/v1/planes?page=99", "/v1/nothing?page=1", "/", "/v1/planes?page=x"):
        with pytest.raises(HTTPError) as caught:
            get(address, path)
        assert caught.value.code == 404
