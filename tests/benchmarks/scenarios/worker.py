"""Worker: Python workers end to end, each package's own: throughput, and latency when idle."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ..report import Bar, Results
from ..server import Server
from ..settings import Settings
from ..workers import WORKERS, WorkerSystem

ROOT = Path(__file__).resolve().parents[3]
RATE = 50
LATENCY_JOBS = 400
FINISHED = "jobs/s finished"
HANDLED = "jobs/s handled"

BARS = [
    Bar(FINISHED, "pgbacklog", at_least=1.5, against="pgqueuer"),
    Bar(FINISHED, "pgbacklog", at_least=5.0, against="chancy", against_metric=HANDLED),
    Bar(FINISHED, "pgbacklog", at_least=25.0, against="procrastinate"),
    Bar("latency p50 ms", "pgbacklog", at_most=1.0, against="pgqueuer"),
    Bar("latency p99 ms", "pgbacklog", at_most=10.0),
]


class StepError(Exception):
    """A step of a worker measurement failed; the message carries what it printed."""


def start(settings: Settings, name: str, *step: object) -> subprocess.Popen[str]:
    """Start one step of a worker measurement in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.workers", name, *map(str, step)],
        cwd=ROOT,
        env={
            **os.environ,
            "BENCH_DSN": settings.dsn,
            "BENCH_PREFIX": settings.database_prefix,
            "PYTHONWARNINGS": "ignore",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str], seconds: float) -> dict[str, Any]:
    """Wait for a step and return the object it printed last.

    Raises StepError when it fails or takes longer than `seconds`.
    """
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise StepError(f"no result after {seconds:g} s: {err[-800:]}") from None
    if process.returncode:
        raise StepError(f"exit code {process.returncode}: {err[-800:]}")
    found = [line for line in out.splitlines() if line.startswith("{")]
    return dict(json.loads(found[-1])) if found else {}


def throughput(settings: Settings, name: str, jobs: int, results: Results, label: str = "") -> None:
    """Measure how fast a backlog is worked off, from the first handler to the last."""
    finish(start(settings, name, "setup"), 120)
    finish(start(settings, name, "fill", jobs), 300)
    done = finish(start(settings, name, "work", jobs), 300)
    unfinished = finish(start(settings, name, "unfinished"), 60)["unfinished"]
    results.add(label or name, HANDLED, done["rate"])
    # A job whose handler has run but whose end is not in the database would run again.
    results.add(label or name, FINISHED, (jobs - unfinished) / done["seconds"])


def latency(settings: Settings, name: str, jobs: int, results: Results, label: str = "") -> None:
    """Measure the time from just before the enqueue to the handler, on an idle system."""
    finish(start(settings, name, "setup"), 120)
    worker = start(settings, name, "work", jobs)
    time.sleep(3)
    sender = start(settings, name, "send", jobs + 5, RATE)
    try:
        done = finish(worker, 30 + jobs / RATE)
    finally:
        sender.kill()
        sender.communicate()
    results.add(label or name, "latency p50 ms", done["p50"])
    results.add(label or name, "latency p99 ms", done["p99"])


def run(server: Server, settings: Settings, results: Results) -> None:
    """Measure throughput and latency of every package, round by round."""
    ready: list[WorkerSystem] = []
    for kind in WORKERS.values():
        worker = kind(server, settings)
        if not settings.wants(worker.name):
            continue
        if reason := worker.missing():
            results.skip(worker.name, reason)
        else:
            ready.append(worker)
    for number in range(settings.rounds):
        for worker in ready[:: -1 if number % 2 else 1]:
            jobs = min(worker.jobs, settings.rows_or(worker.jobs))
            try:
                throughput(settings, worker.name, jobs, results)
                latency(settings, worker.name, min(jobs, LATENCY_JOBS), results)
            except StepError as error:
                # One package's bad day must not cost the figures of all others.
                results.skip(worker.name, f"failed in round {number + 1}: {error}")
    for worker in ready:
        server.drop(worker.database)
    results.notes.append(
        f"no-op handlers; latency at {RATE} jobs/s; thin_loop is a bare loop without retries,"
        " heartbeats, time-outs or threads; chancy is judged by the jobs it handled, because it"
        " writes their end once a second"
    )
