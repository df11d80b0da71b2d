"""Hold the demo to its promises: compare the tables with the published files, row by row."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from pgbacklog.demo.data import TABLES
from pgbacklog.demo.expected import Expected, Key
from pgbacklog.demo.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Promise:
    """Something that must be true, and whether it is."""

    text: str
    kept: bool


def compare_tables(ledger: Ledger, expected: Expected) -> list[Promise]:
    """Compare every stable table, field by field, with what the files say."""
    promises = []
    for table in TABLES:
        found, wanted = ledger.stored(table), expected.stable[table]
        lost = wanted.keys() - found.keys()
        extra = found.keys() - wanted.keys()
        wrong = sum(found[key] != wanted[key] for key in found.keys() & wanted.keys())
        promises.append(
            Promise(
                f"{table}: {len(found):,} rows; {len(lost):,} lost, {len(extra):,} too many, "
                f"{wrong:,} different from the files",
                not (lost or extra or wrong),
            )
        )
    return promises


def compare_quarantine(waiting: Counter[Key], expected: Expected) -> Promise:
    """Compare the flights in quarantine with those that the files say cannot be stored."""
    lost = expected.refused.keys() - waiting.keys()
    extra = waiting.keys() - expected.refused.keys()
    return Promise(
        f"quarantine: {len(waiting):,} flights; {len(lost):,} lost, {len(extra):,} too many",
        not (lost or extra),
    )
