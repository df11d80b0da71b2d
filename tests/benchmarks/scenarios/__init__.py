"""The scenarios, by the name that `make bench SCENARIO=...` takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..report import Bar, Results
from ..server import Server
from ..settings import Settings
from . import backlog, copy, drain, enqueue, export, held, hooks, load, memory, notify, worker


@dataclass(frozen=True)
class Scenario:
    """One scenario: how to run it, and what it promises."""

    name: str
    summary: str
    run: Callable[[Server, Settings, Results], None]
    bars: Sequence[Bar]


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("drain", "claim and acknowledge a backlog", drain.run, drain.BARS),
        Scenario("enqueue", "put messages in, singly and in bulk", enqueue.run, enqueue.BARS),
        Scenario("worker", "Python workers end to end", worker.run, worker.BARS),
        Scenario("held", "claim under an old transaction", held.run, held.BARS),
        Scenario("backlog", "claim before a large backlog", backlog.run, backlog.BARS),
        Scenario("notify", "what waking listeners costs producers", notify.run, notify.BARS),
        Scenario("hooks", "checkpoints and the hooks that hear of them", hooks.run, hooks.BARS),
        Scenario("load", "staged rows into stable tables", load.run, load.BARS),
        Scenario("copy", "a table into another of the same database", copy.run, copy.BARS),
        Scenario("export", "a table into Parquet files", export.run, export.BARS),
        Scenario("memory", "the listener's memory", memory.run, memory.BARS),
    )
}
