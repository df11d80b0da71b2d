"""Memory: how large the listener grows with a million items pending."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from ..report import Bar, Results
from ..server import Server
from ..settings import Settings
from ..systems import Backlog, installed
from ..workers.backlog import listen_command, listen_environment

PENDING = 1_000_000
WORKING_SECONDS = 8.0
PEAK = "listener peak RSS, MB"
FIRST = "listener RSS at its first items, MB"
START_SECONDS = 60

BARS = [Bar(PEAK, "pgbacklog", at_most=100)]


def resident_megabytes(process_id: int, field: str) -> float:
    """Read VmRSS (now) or VmHWM (highest so far) of a process."""
    for line in Path(f"/proc/{process_id}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {process_id} has no {field}")


def wait_for_work(system: Backlog, before: int) -> None:
    """Wait until the listener has taken items; without that its memory says nothing."""
    end = time.monotonic() + START_SECONDS
    with system.connect() as connection:
        while system.backlog(connection) >= before:
            if time.monotonic() > end:
                raise RuntimeError("the listener took no item")
            time.sleep(0.1)


def run(server: Server, settings: Settings, results: Results) -> None:
    """Let a listener work on a large backlog, and read its memory while it does."""
    pending = settings.rows_or(PENDING)
    if not Path("/proc/self/status").exists():
        results.skip("pgbacklog", "memory is read from /proc, so this scenario needs Linux")
        return
    with installed((Backlog,), server, settings, results) as systems:
        for system in systems:
            for _ in range(settings.rounds):
                with system.connect() as connection:
                    system.fill(connection, pending - system.backlog(connection))
                    before = system.backlog(connection)
                listener = subprocess.Popen(
                    listen_command(),
                    env=listen_environment(server, system.database),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
                try:
                    wait_for_work(system, before)
                    results.add(system.name, FIRST, resident_megabytes(listener.pid, "VmRSS"))
                    time.sleep(min(WORKING_SECONDS, 3 * settings.seconds))
                    results.add(system.name, PEAK, resident_megabytes(listener.pid, "VmHWM"))
                finally:
                    listener.terminate()
                    listener.wait(60)
    results.notes.append(f"{pending:,} items pending; the listener works on them meanwhile")
