"""The flight data are read as published, and what must come of them is worked out from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgbacklog.demo.data import DataMissing, Dataset, find_data, read_dataset
from pgbacklog.demo.expected import NEITHER, NO_DESTINATION, NO_PLANE, expect


@pytest.fixture(scope="module")
def january() -> Dataset:
    return read_dataset(31)


def test_the_tables_have_the_published_sizes(january: Dataset) -> None:
    sizes = {name: len(table) for name, table in january.tables.items()}

    assert sizes == {
        "airlines": 16, "airports": 1458, "planes": 3322, "weather": 2226, "flights": 27004,
    }  # fmt: skip


def test_days_beyond_january_are_found_though_the_file_goes_on_with_october() -> None:
    flights = read_dataset(40)["flights"]

    assert {row[1] for row in flights.rows} == {1, 2}
    assert max(row[2] for row in flights.rows if row[1] == 2) == 9


def test_values_are_typed_and_na_is_null(january: Dataset) -> None:
    plane = next(january["planes"].records())
    airport = next(january["airports"].records())

    assert (plane["seats"], plane["speed"]) == (55, None)
    assert (airport["lat"], airport["faa"]) == (41.1304722, "04G")


def test_one_flight_in_six_cannot_be_stored(january: Dataset) -> None:
    expected = expect(january)

    refused = expected.refused_by_reason()
    assert len(expected.stable["flights"]) + refused.total() == 27004
    assert set(refused) == {NO_PLANE, NO_DESTINATION, NEITHER}
    assert 1 / 7 < refused.total() / 27004 < 1 / 5


def test_a_flight_without_a_plane_is_stored(january: Dataset) -> None:
    flights = expect(january).stable["flights"].values()

    assert any(tailnum is None for _, _, _, _, tailnum, *_ in flights)


@pytest.mark.parametrize("days", [0, 366])
def test_days_outside_the_year_are_refused(days: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 365"):
        read_dataset(days)


def test_a_folder_without_the_files_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match=str(tmp_path)):
        read_dataset(1, tmp_path)


def test_missing_data_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)

    with pytest.raises(DataMissing):
        find_data()
