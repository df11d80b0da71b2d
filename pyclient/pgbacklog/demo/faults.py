"""Plan what goes wrong with which page, from a seed alone.

Pages are ranked by a hash of the seed and their path, and faults are dealt out along the ranking.
So every run with one seed meets the same faults, and even a small run meets each kind.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Fault(StrEnum):
    """What the API may do instead of answering properly."""

    SERVER_ERROR = "500 Internal Server Error"
    RATE_LIMITED = "429 Too Many Requests"
    TIMED_OUT = "answer too late"
    CUT_OFF = "body cut off"
    MALFORMED = "malformed page"


_SHARES = {
    Fault.SERVER_ERROR: 0.06,
    Fault.RATE_LIMITED: 0.03,
    Fault.TIMED_OUT: 0.015,
    Fault.CUT_OFF: 0.015,
}
_REPEATING_SHARE = 0.10
_TWICE_SHARE = 0.02


@dataclass(slots=True)
class FaultPlan:
    """The faults of one run.

    Attributes:
        malformed: the one page that stays malformed until it is mended.
        transient: pages whose first request fails, and how.
        repeating: pages that begin with the last rows of the page before, as happens when rows
            are added while somebody turns the pages.
        twice: pages that hold one row twice.
    """

    malformed: str
    transient: dict[str, Fault] = field(default_factory=dict)
    repeating: frozenset[str] = frozenset()
    twice: frozenset[str] = frozenset()
    mended: bool = False

    def fault_for(self, path: str, request: int) -> Fault | None:
        """Return what goes wrong with the n-th request (from 1) for a page."""
        if request == 1 and path in self.transient:
            return self.transient[path]
        if path == self.malformed and not self.mended:
            return Fault.MALFORMED
        return None

    def counts(self) -> Counter[Fault]:
        """Count the planned faults by kind."""
        return Counter([*self.transient.values(), Fault.MALFORMED])


def plan_faults(paths: Sequence[str], malformed: str, table_of_twice: str, seed: int) -> FaultPlan:
    """Deal out faults to the pages at ``paths``.

    ``malformed`` names the malformed page; rows occur twice only in pages of ``table_of_twice``.
    """

    def ranked(purpose: str) -> list[str]:
        return sorted(paths, key=lambda path: _hash(f"{seed}:{purpose}:{path}"))

    plan = FaultPlan(malformed)
    queue = [path for path in ranked("transient") if path != malformed]
    for fault, share in _SHARES.items():
        for _ in range(max(1, round(share * len(paths)))):
            if queue:
                plan.transient[queue.pop()] = fault
    later_pages = [path for path in ranked("repeating") if not path.endswith("page=1")]
    plan.repeating = frozenset(later_pages[: max(1, round(_REPEATING_SHARE * len(paths)))])
    of_table = [path for path in ranked("twice") if path.startswith(f"/v1/{table_of_twice}?")]
    plan.twice = frozenset(of_table[: max(1, round(_TWICE_SHARE * len(paths)))])
    return plan


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
