"""Every scenario runs on its own side, with very few rows; how fast is of no interest here."""

from __future__ import annotations

import os
import time

import pytest

from benchmarks.report import Bar, Results
from benchmarks.scenarios import SCENARIOS, Scenario
from benchmarks.server import Server
from benchmarks.settings import Settings, find_pgbench

from support.database import Cluster
from support.parts import missing

OWN = ("pgbacklog", "pgbacklog_one_call")
ROWS = {"drain": 10_000, "memory": 20_000, "worker": 60}


@pytest.fixture
def settings(cluster: Cluster) -> Settings:
    """Settings of the smallest run; the databases' names let a later test run clean up."""
    return Settings(
        dsn=cluster.dsn,
        rounds=1,
        seconds=0.2,
        systems=OWN,
        database_prefix=f"pgbacklog_test_{int(time.time())}_{os.getpid()}_bench_",
    )


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())
def test_scenario_runs(scenario: Scenario, settings: Settings) -> None:
    rows = ROWS.get(scenario.name, 200)
    small = Settings(**{**vars(settings), "rows": rows})
    results = Results(scenario.name, print)
    if scenario.name == "notify" and find_pgbench() is None:
        missing("pgbench is not installed; it comes with the PostgreSQL server packages")

    with Server(small.dsn) as server:
        scenario.run(server, small, results)

    assert not results.not_run.keys() & set(OWN), results.not_run
    for bar in scenario.bars:
        if bar.system in OWN and bar.metric not in results.not_run:
            assert results.samples.get((bar.system, bar.metric)), bar.title()
    assert results.render(scenario.bars).startswith(f"\n## {scenario.name}")


def test_verdicts() -> None:
    results = Results("demo", print)
    for ours, theirs in ((20.0, 10.0), (30.0, 10.0), (9.0, 10.0)):
        results.add("ours", "speed", ours)
        results.add("theirs", "speed", theirs)

    assert results.judge(Bar("speed", "ours", at_least=1.5, against="theirs")).word == "pass?"
    assert results.judge(Bar("speed", "ours", at_least=2.5, against="theirs")).word == "MISS?"
    assert results.judge(Bar("speed", "ours", at_most=8.0)).word == "MISS"
    assert results.judge(Bar("speed", "ours", at_least=9.0)).word == "pass"
    assert results.judge(Bar("speed", "ours", at_least=1.0, against="nobody")).word == "not run"
