"""Small helpers for time and order statistics."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Elapsed:
    """Hold the duration of a block, in seconds, once the block has ended."""

    seconds: float = 0.0

    @property
    def milliseconds(self) -> float:
        return self.seconds * 1e3


@contextmanager
def stopwatch() -> Iterator[Elapsed]:
    """Time a block: `with stopwatch() as spent: ...`, then read `spent.seconds`."""
    elapsed = Elapsed()
    started = time.perf_counter()
    try:
        yield elapsed
    finally:
        elapsed.seconds = time.perf_counter() - started


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value below which `percent` of the values lie (nearest rank)."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    rank = max(0, min(len(ordered) - 1, round(percent / 100 * len(ordered)) - 1))
    return ordered[rank]
