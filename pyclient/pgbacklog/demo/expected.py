"""Work out from the published files alone what the stable tables must hold in the end.

Nothing here knows of pages, faults, retries or verdicts; that is what makes it a check.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from pgbacklog.demo.data import TABLES, Dataset, Value
from pgbacklog.demo.hooks import COLUMNS, choose_columns

KEYS = {
    "airlines": ("carrier",),
    "airports": ("faa",),
    "planes": ("tailnum",),
    "weather": ("origin", "time_hour"),
    "flights": ("flight_date", "carrier", "flight", "origin"),
}
NO_PLANE, NO_DESTINATION, NEITHER = "no such plane", "no such airport", "neither"

Key = tuple[Value, ...]
Content = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Expected:
    """What must be in the stable tables, and which flights must not be, by reason."""

    stable: Mapping[str, Mapping[Key, Content]]
    refused: Mapping[Key, str]

    def refused_by_reason(self) -> Counter[str]:
        """Count the refused flights by reason."""
        return Counter(self.refused.values())


def stored_columns(table: str) -> tuple[str, ...]:
    """Return the columns of a stable table, in the order in which rows are compared."""
    return COLUMNS[table] + (("flight_date",) if table == "flights" else ())


def expect(data: Dataset) -> Expected:
    """Return what must come of these data when every page has arrived."""
    airports = {row["faa"] for row in data["airports"].records()}
    planes = {row["tailnum"] for row in data["planes"].records()}
    stable: dict[str, dict[Key, Content]] = {table: {} for table in TABLES}
    refused: dict[Key, str] = {}
    for table in TABLES:
        for record in data[table].records():
            row = choose_columns(table, record)
            key = tuple(row[name] for name in KEYS[table])
            reason = _refusal(row, airports, planes) if table == "flights" else None
            if reason:
                refused[key] = reason
            else:
                stable[table][key] = tuple(row[name] for name in stored_columns(table))
    return Expected(stable, refused)


def _refusal(flight: Mapping[str, Value], airports: set[Value], planes: set[Value]) -> str | None:
    """Return why a flight cannot be stored; one that names no plane at all can be."""
    no_plane = flight["tailnum"] is not None and flight["tailnum"] not in planes
    no_destination = flight["dest"] not in airports
    if no_plane and no_destination:
        return NEITHER
    return NO_PLANE if no_plane else NO_DESTINATION if no_destination else None
